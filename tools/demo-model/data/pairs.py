"""Two pictures and questions that compare them."""
from . import world
from .answers import a_an, answer, count, describe
from .drawing import pick, render, to_array
from .scenes import cells_of, some_shapes
from .world import CELL

WHICH = ("first", "second")


def pair_layout(rng):
    """Cells (rows, columns) of both pictures, and whether the prompt numbers them ('Picture 1: ')."""
    first = tuple(int(v) for v in rng.integers(3, 6, 2))
    second = first if rng.random() < 0.5 else tuple(int(v) for v in rng.integers(3, 6, 2))
    return (first, second), bool(rng.random() < 0.25)


def _comparison(rng, shapes):
    a, b = (len(s) for s in shapes)
    cells = [c for side in shapes for s in side for c in s.cells]
    if a == b:
        return [("two_more", [("Which image has more shapes?", answer("They have the same number of shapes.", cells))])]
    rows = [("two_more", [("Which image has more shapes?", answer(f"The {WHICH[a < b]} image.", cells))])]
    if rng.random() < 0.4:
        rows.append(("two_more", [("Which image has fewer shapes?", answer(f"The {WHICH[a > b]} image.", cells))]))
    return rows


def _only_in_one(rng, shapes):
    for attribute in ("shape", "color"):
        seen = [{getattr(s, attribute) for s in side} for side in shapes]
        if different := sorted(seen[0] ^ seen[1]):
            value = pick(rng, different)
            noun = a_an(value if attribute == "shape" else f"{value} shape")
            cells = [c for side in shapes for s in side if getattr(s, attribute) == value for c in s.cells]
            yield "two_which", [(f"Which image has {noun}?", answer(f"The {WHICH[value in seen[1]]} image.", cells))]


def pair_sample(rng, layout, limit):
    """Two pictures, uint8 [height, width, 3] each, and up to `limit` rows."""
    shapes, pictures, offset = [], [], 0
    for rows, columns in layout[0]:
        background = pick(rng, world.BACKGROUNDS)
        side = some_shapes(rng, columns * CELL, rows * CELL, background, int(rng.integers(1, world.MAX_SHAPES + 1)))
        for shape in side:
            shape.cells = cells_of(shape.box, columns, rows, offset)
        offset += rows * columns
        shapes.append(side)
        pictures.append(to_array(rng, render(columns * CELL, rows * CELL, background, side)))
    questions = _comparison(rng, shapes) + list(_only_in_one(rng, shapes))
    i = int(rng.integers(2))
    questions.append(("two_count", [(f"How many shapes are in the {WHICH[i]} image?", count(shapes[i], "shape"))]))
    i = int(rng.integers(2))
    if len(shapes[i]) <= 3:
        questions.append(("two_describe", [(f"Describe the {WHICH[i]} image.", describe(shapes[i]))]))
    order = rng.permutation(len(questions))[:limit]
    return pictures, [questions[k] for k in order]
