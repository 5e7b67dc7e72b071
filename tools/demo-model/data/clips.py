"""Short clips in which one shape appears, moves or changes colour, and questions about them."""
from dataclasses import replace

import numpy as np

from . import world
from .answers import a_an, answer, capital, chain
from .drawing import pick, render, rgb_of
from .scenes import cells_of, place_shapes, some_shapes
from .world import CELL

DESCRIBE = ["Describe this video.", "What happens in this video?"]


def clip_layout(rng):
    """(fps, steps, rows, columns): a step is two frames, one temporal patch."""
    fps = pick(rng, world.CLIP_FPS)
    steps = int(rng.integers(2, (4 if fps == 1 else 5) + 1))
    return fps, steps, int(rng.integers(3, 5)), int(rng.integers(3, 5))


def _turns(rng, main, others, names, steps, at, change, seconds):
    color = pick(rng, [c for c in names if c != main.color])
    after = replace(main, rgb=rgb_of(rng, color), color=color)
    frames = [[main if f < 2 * change else after, *others] for f in range(2 * steps)]
    when = pick(rng, [f"When does the {main.shape} turn {color}?", f"When does the {main.shape} change color?"])
    moment = at(change, change + 1)
    story = chain([(capital(a_an(main.name)), at(0, change)), (f" turns {color}", at(change, steps)), (f" at {seconds} seconds.", moment)])
    return frames, [
        ("video_when", [(when, answer(f"At {seconds} seconds.", moment))]),
        ("video_what", [(f"What color does the {main.shape} become?", answer(f"It turns {color}.", at(change, steps)))]),
        ("video_describe", [(pick(rng, DESCRIBE), story)]),
    ]


def _appears(rng, main, others, steps, at, change, seconds):
    frames = [([main] if f >= 2 * change else []) + others for f in range(2 * steps)]
    moment = at(change, change + 1)
    return frames, [
        ("video_when", [(f"When does the {pick(rng, [main.name, main.shape])} appear?", answer(f"At {seconds} seconds.", moment))]),
        ("video_describe", [(pick(rng, DESCRIBE), answer(f"{capital(a_an(main.name))} appears at {seconds} seconds.", moment))]),
    ]


def _moves(rng, main, width, height, steps, cells_in):
    x1, y1, x2, y2 = main.box
    side = x2 - x1
    direction = pick(rng, ["to the right", "to the left", "up", "down"])
    sideways, backwards = direction.startswith("to"), direction in ("to the left", "up")
    room = (width if sideways else height) - side - 2
    travel = int(rng.uniform(0.55, 1.0) * room)
    start = int(rng.integers(1, room - travel + 2))
    frames = []
    for f in range(2 * steps):
        p = start + travel * f / (2 * steps - 1)
        p = int(round((width if sideways else height) - side - p if backwards else p))
        frames.append([replace(main, box=(p, y1, p + side, y2) if sideways else (x1, p, x2, p + side))])
    first, last = (cells_in(frames[f][0].box, f // 2) for f in (0, 2 * steps - 1))
    return frames, [
        ("video_move", [(f"Which way does the {main.shape} move?", answer(f"It moves {direction}.", last))]),
        ("video_describe", [(pick(rng, DESCRIBE), chain([(capital(a_an(main.name)), first), (f" moves {direction}.", last)]))]),
    ]


def clip_sample(rng, layout, limit):
    """Frames uint8 [2 * steps, height, width, 3] and up to `limit` rows."""
    fps, steps, rows, columns = layout
    width, height, spacing = columns * CELL, rows * CELL, 2 / fps
    background = pick(rng, world.BACKGROUNDS)
    event = pick(rng, ["turn", "turn", "appear", "move"])
    main, others = some_shapes(rng, width, height, background, 1)[0], []
    if event != "move" and rng.random() < 0.4:
        both = place_shapes(rng, width, height, background, 2, small_only=True)
        if len(both) == 2 and both[0].shape != both[1].shape:
            rng.shuffle(both)
            main, others = both[0], [both[1]]
    change = int(rng.integers(1, steps))
    seconds = f"{change * spacing:.1f}"
    cells_in = lambda box, step: cells_of(box, columns, rows, step * rows * columns)
    at = lambda first, end: [c for t in range(first, end) for c in cells_in(main.box, t)]
    if event == "turn":
        frames, questions = _turns(rng, main, others, world.allowed_colors(background), steps, at, change, seconds)
    elif event == "appear":
        frames, questions = _appears(rng, main, others, steps, at, change, seconds)
    else:
        frames, questions = _moves(rng, main, width, height, steps, cells_in)
    if rng.random() < 0.6:
        end = range((steps - 1) * rows * columns, steps * rows * columns)
        questions.append(("video_length", [("How long is this video?", answer(f"The video is {steps * spacing:.1f} seconds long.", list(end)))]))
    order = rng.permutation(len(questions))[:limit]
    drawn, last, key = [], None, None
    for shapes in frames:
        if (now := [(s.box, s.rgb) for s in shapes]) != key:
            last, key = np.asarray(render(width, height, background, shapes)), now
        drawn.append(last)
    return np.stack(drawn), [questions[i] for i in order]
