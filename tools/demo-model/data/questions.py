"""Questions about one picture. A row is (task, [(question, answer), ...]); later pairs are follow-up turns."""
import numpy as np

from .answers import a_an, answer, boxes, chain, count, describe
from .drawing import pick
from .world import COLOR_NAMES, SHAPES

DESCRIBE = ["Describe this image.", "Describe this image.", "What is in this image?", "Describe the picture.", "What do you see?"]
COUNT_ALL = ["How many shapes are there?", "How many shapes are in the image?", "Count the shapes."]
LOCATE = "Locate {}, report the bbox coordinates in JSON format."


def _alone(shapes, key):
    """Shapes whose key no other shape shares."""
    keys = [key(s) for s in shapes]
    return [s for s in shapes if keys.count(key(s)) == 1]


def _then_where(rng, chance, task, turn, shape):
    """Sometimes asks on: 'Where is it?'"""
    if rng.random() < chance:
        return "followup", [turn, ("Where is it?", answer(f"It is {shape.position}.", shape.cells))]
    return task, [turn]


def _counts(rng, shapes):
    kind = pick(rng, shapes).shape if rng.random() < 0.8 else pick(rng, SHAPES)
    color = pick(rng, shapes).color if rng.random() < 0.8 else pick(rng, COLOR_NAMES)
    yield 1.5, "count", [(pick(rng, COUNT_ALL), count(shapes, "shape"))]
    yield 1.3, "count", [(f"How many {kind}s are there?", count([s for s in shapes if s.shape == kind], kind))]
    yield 1.3, "count", [(f"How many {color} shapes are there?", count([s for s in shapes if s.color == color], f"{color} shape"))]


def _attributes(rng, shapes):
    kinds, colors = _alone(shapes, lambda s: s.shape), _alone(shapes, lambda s: s.color)
    if kinds:
        s = pick(rng, kinds)
        turn = f"What color is the {s.shape}?", answer(f"The {s.shape} is {s.color}.", s.cells)
        yield 1.5, *_then_where(rng, 0.3, "color", turn, s)
    if colors:
        s = pick(rng, colors)
        turn = f"What shape is {s.color}?", answer(f"The {s.color} shape is {a_an(s.shape)}.", s.cells)
        yield 1.2, *_then_where(rng, 0.4, "shape", turn, s)


def _existence(rng, shapes):
    s = pick(rng, shapes)
    color, kind = s.color, s.shape
    if rng.random() >= 0.5:
        color, kind = (pick(rng, COLOR_NAMES), kind) if rng.random() < 0.5 else (color, pick(rng, SHAPES))
    cells = [c for o in shapes if o.name == f"{color} {kind}" for c in o.cells]
    yes = answer(f"Yes, there is {a_an(color)} {kind}.", cells)
    yield 0.8, "exist", [(f"Is there {a_an(color)} {kind}?", yes if cells else answer(f"No, there is no {color} {kind}."))]


def _places(rng, shapes):
    alone = _alone(shapes, lambda s: s.name)
    if alone:
        s = pick(rng, alone)
        yield 1.3, "position", [(f"Where is the {s.name}?", answer(f"The {s.name} is {s.position}.", s.cells))]
        s = pick(rng, alone)
        yield 3.0, "ground", [(LOCATE.format(f"the {s.name}"), boxes([(s.box, s.name, s.cells)]))]
    if len(shapes) <= 3 and len(alone) == len(shapes):
        kind, chosen = "shape", shapes
        if len(_alone(shapes, lambda s: s.shape)) < len(shapes) and rng.random() < 0.4:
            kind = pick(rng, shapes).shape
            chosen = [s for s in shapes if s.shape == kind]
        yield 0.7, "ground_all", [(LOCATE.format(f"every {kind}"), boxes([(s.box, s.name, s.cells) for s in chosen]))]


def shape_rows(rng, shapes, limit):
    """Up to `limit` different questions about a picture of shapes, drawn by weight."""
    rows = []
    if len(shapes) <= 3 and len({s.name for s in shapes}) == len(shapes):
        rows.append((3.5, "describe", [(pick(rng, DESCRIBE), describe(shapes))]))
    for questions in (_counts, _attributes, _existence, _places):
        rows += questions(rng, shapes)
    weights = np.array([row[0] for row in rows])
    chosen = rng.choice(len(rows), size=min(limit, len(rows)), replace=False, p=weights / weights.sum())
    return [rows[i][1:] for i in chosen]


def text_rows(rng, text, limit):
    """Up to `limit` questions about a picture of one text."""
    noun, spelled = text.kind, list(zip(text.text, text.char_cells))
    ask = pick(rng, ["Read the text.", "What does the text say?", f"What {noun} is shown?", f"Read the {noun}.", "What is written in the image?"])
    rows = [("ocr", [(ask, chain(spelled))])]
    if rng.random() < 0.5:
        described = chain([(f'The {noun} "', text.cells), *spelled, ('" in ', text.cells), (f"{text.color}.", text.cells)])
        rows.append(("text_describe", [(pick(rng, DESCRIBE), described)]))
    draw = rng.random()
    if draw < 0.35:
        question = f"What color is the {pick(rng, ['text', noun])}?"
        rows.append(("text_color", [(question, answer(f"The text is {text.color}.", text.cells))]))
    elif draw < 0.65:
        rows.append(("ground_text", [(LOCATE.format("the text"), boxes([(text.box, text.text, text.cells)]))]))
    return rows[:limit]
