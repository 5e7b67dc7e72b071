"""Batches: samples that share one prefix layout (the same grids, the same frame rate), each with several independent rows.

Everything follows from (seed, step): the layout from these two alone, the samples also from the index of their part, so that a batch can be
made in parts by several processes and is the same however many there are.
"""
from dataclasses import dataclass

import numpy as np

from . import world
from .clips import clip_layout, clip_sample
from .drawing import pick, render, some_noise, to_array
from .pairs import pair_layout, pair_sample
from .questions import shape_rows, text_rows
from .scenes import cell_at, cells_of, some_shapes, text_lines_scene, text_scene
from .talk import chat_row, outside_row
from .targets import dense_targets
from .world import CELL

SHARES = (("text", 0.06), ("video", 0.15), ("pair", 0.13), ("image", 0.66))
ROWS = {"text": 5, "video": 4, "pair": 5, "image": 5}


@dataclass(frozen=True)
class Batch:
    kind: str  # 'image', 'pair', 'video' or 'text'
    grids: list  # (time steps, rows, columns) in vision tokens, of every picture or the clip
    frames: list  # for each grid uint8 [samples, frames, height, width, 3]
    rows: list  # for each sample [(task, [(question, answer), ...]), ...]
    targets: dict | None = None  # dense targets of single pictures, each [samples, cells, ...]
    fps: float | None = None
    numbered: bool = False  # 'Picture 1: ' before each picture


def random_grid(rng, difficulty=1.0):
    """(rows, columns) of cells; at most MAX_CELLS."""
    if difficulty > 0.3 and rng.random() < 0.16:  # elongated
        short = int(rng.integers(3, 5))
        long = int(rng.integers(6, min(9, world.MAX_CELLS // short) + 1))
        return (short, long) if rng.random() < 0.7 else (long, short)
    return tuple(int(v) for v in rng.integers(3, (4 if difficulty < 0.12 else 6) + 1, 2))


def _stack(targets):
    return {name: np.stack([t[name] for t in targets]) for name in targets[0]}


def _picture(rng, rows, columns, difficulty):
    """One picture with its questions and dense targets."""
    width, height, noise = columns * CELL, rows * CELL, some_noise(rng)
    limit = ROWS["image"]
    if rng.random() < 0.45:
        longest = 2 if difficulty < 0.15 else 4 if difficulty < 0.4 else world.MAX_CHARS
        background, text = text_scene(rng, width, height, longest)
        text.cells = cells_of(text.box, columns, rows)
        text.char_cells = [[cell_at(x, y, columns, rows)] for x, y, _ in text.centers]
        shapes, texts, questions = [], [text], text_rows(rng, text, limit)
    else:
        background = pick(rng, world.BACKGROUNDS)
        most = 2 if difficulty < 0.12 else 3 if difficulty < 0.3 else world.MAX_SHAPES
        repeats = bool(difficulty > 0.25 and rng.random() < 0.4)
        shapes = some_shapes(rng, width, height, background, int(rng.integers(1, most + 1)), repeats=repeats)
        for shape in shapes:
            shape.cells = cells_of(shape.box, columns, rows)
        texts, questions = [], shape_rows(rng, shapes, limit)
    if rng.random() < 0.12:
        questions = [*questions[: limit - 1], outside_row(rng)]
    pixels = to_array(rng, render(width, height, background, shapes, texts), noise)
    return pixels, questions, dense_targets(columns, rows, shapes, texts)


def _image_batch(layout, rngs, scale, difficulty):
    rows, columns = random_grid(layout, difficulty)
    count = int(np.clip(round(400 * scale / (rows * columns)), 6, 16))
    made = [_picture(rng, rows, columns, difficulty) for rng in rngs for _ in range(count)]
    frames = np.stack([pixels for pixels, _, _ in made])[:, None]
    return Batch("image", [(1, rows, columns)], [frames], [q for _, q, _ in made], _stack([t for _, _, t in made]))


def _pair_batch(layout, rngs, scale):
    shape = pair_layout(layout)
    made = [pair_sample(rng, shape, ROWS["pair"]) for rng in rngs for _ in range(max(3, int(9 * scale)))]
    frames = [np.stack([pictures[i] for pictures, _ in made])[:, None] for i in range(2)]
    return Batch("pair", [(1, *grid) for grid in shape[0]], frames, [q for _, q in made], numbered=shape[1])


def _video_batch(layout, rngs, scale):
    shape = clip_layout(layout)
    made = [clip_sample(rng, shape, ROWS["video"]) for rng in rngs for _ in range(max(3, int(12 * scale)))]
    fps, steps, rows, columns = shape
    return Batch("video", [(steps, rows, columns)], [np.stack([f for f, _ in made])], [q for _, q in made], fps=fps)


def _text_batch(rngs):
    return Batch("text", [], [], [[chat_row(rng) for _ in range(ROWS["text"])] for rng in rngs for _ in range(2)])


def _generators(seed, step, parts):
    return np.random.default_rng([seed, step]), [np.random.default_rng([seed, step, part + 1]) for part in parts]


def task_batch(seed, step, parts=(0,), *, difficulty=1.0, scale=1.0, kind=None):
    """The questions of one step. Clips and pairs come in once single pictures are no longer the simplest (difficulty over 0.2)."""
    layout, rngs = _generators(seed, step, parts)
    draw = layout.random()
    if kind is None:
        kind, edge = "image", 0.0
        for name, share in SHARES:
            edge += share
            if draw < edge:
                kind = name
                break
        if difficulty < 0.2 and kind in ("video", "pair"):
            kind = "image"
    if kind == "text":
        return _text_batch(rngs)
    if kind == "video":
        return _video_batch(layout, rngs, scale)
    if kind == "pair":
        return _pair_batch(layout, rngs, scale)
    return _image_batch(layout, rngs, scale, difficulty)


def dense_batch(seed, step, parts=(0,), *, scale=1.0):
    """Pictures with dense targets only, for the vision tower: two thirds of them full of text."""
    layout, rngs = _generators(seed + 500, step, parts)
    rows, columns = random_grid(layout)
    width, height = columns * CELL, rows * CELL
    count = int(np.clip(round(700 * scale / (rows * columns)), 10, 40))
    pixels, targets = [], []
    for rng in rngs:
        for _ in range(count):
            texts, shapes = [], []
            if rng.random() < 0.67:
                while not texts:
                    background, texts = text_lines_scene(rng, width, height)
            else:
                background = pick(rng, world.BACKGROUNDS)
                shapes = some_shapes(rng, width, height, background, int(rng.integers(1, world.MAX_SHAPES + 2)), repeats=True)
            pixels.append(to_array(rng, render(width, height, background, shapes, texts), some_noise(rng)))
            targets.append(dense_targets(columns, rows, shapes, texts))
    return Batch("dense", [(1, rows, columns)], [np.stack(pixels)[:, None]], [], _stack(targets))
