"""Answers, with what the training may know about them: which vision tokens a part of the answer is read from, and which numbers it states."""
import json


class Answer(str):
    """Text with supervision.

    looks: [(first character, last + 1, vision tokens)], numbers: [(first character, last + 1, kind, value)].
    """

    looks = ()
    numbers = ()


def answer(text, cells=None):
    """An answer that is read from some cells as a whole."""
    result = Answer(text)
    result.looks = [(0, len(text), cells)] if cells else []
    return result


def chain(parts):
    """[(text, cells or None, (kind, value) or None)] -> one Answer; trailing members may be left out."""
    text, looks, numbers = "", [], []
    for part in parts:
        piece, cells, number = (*part, None, None)[:3]
        span = (len(text), len(text) + len(piece))
        if cells:
            looks.append((*span, cells))
        if number:
            numbers.append((*span, *number))
        text += piece
    result = Answer(text)
    result.looks, result.numbers = looks, numbers
    return result


def a_an(noun):
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def capital(text):
    return text[0].upper() + text[1:]


def phrase(shape):
    return a_an(f"{'large' if shape.large else 'small'} {shape.name} {shape.position}")


def describe(shapes):
    parts = []
    for i, shape in enumerate(shapes):
        joint = "" if i == 0 else " and " if i == len(shapes) - 1 else ", "
        parts.append((capital(phrase(shape)) if i == 0 else joint + phrase(shape), shape.cells))
    return chain([*parts, (".",)])


def count(shapes, noun):
    """'There are 2 squares.', read from the cells of what is counted. 'is' or 'are' already tells the number, so it is supervised as one."""
    n = len(shapes)
    cells = [c for s in shapes for c in s.cells]
    verb, said, many = ("is", "1", "") if n == 1 else ("are", str(n) if n else "no", "s")
    return chain([("There",), (f" {verb}", cells, ("count", n)), (f" {said}", cells, ("count", n)), (f" {noun}{many}.",)])


def boxes(items):
    """[(box, label, cells)] -> the JSON block in which Qwen2.5-VL gives boxes, in pixels of the resized picture."""
    parts = [("```json\n[\n",)]
    for i, (box, label, cells) in enumerate(items):
        parts.append(((",\n" if i else "") + '\t{"bbox_2d": [', cells))
        for k, value in enumerate(box):
            parts += [(str(int(value)), cells, ("pixel", int(value))), (", " if k < 3 else "]", cells)]
        parts.append((f', "label": {json.dumps(label)}}}', cells))
    return chain([*parts, ("\n]\n```",)])
