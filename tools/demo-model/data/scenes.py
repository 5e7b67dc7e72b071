"""Scenes: where shapes and texts lie, before they are drawn."""
from dataclasses import dataclass, field

from . import world
from .drawing import font, pick, rgb_of, text_color
from .world import CELL, COLOR_NAMES, POSITIONS, SHAPES


@dataclass
class Shape:
    shape: str
    color: str
    rgb: tuple
    box: tuple  # x1, y1, x2, y2 in pixels
    large: bool
    place: tuple  # row and column of POSITIONS
    cells: list = field(default_factory=list)  # vision tokens that show it

    @property
    def name(self):
        return f"{self.color} {self.shape}"

    @property
    def position(self):
        return POSITIONS[self.place[0]][self.place[1]]


@dataclass
class Text:
    text: str
    kind: str  # 'word' or 'number'
    font: tuple  # index and size
    origin: tuple  # where Pillow starts to draw
    rgb: tuple
    color: str
    box: tuple
    centers: list  # (x, y, character)
    cells: list = field(default_factory=list)
    char_cells: list = field(default_factory=list)


def cells_of(box, columns, rows, offset=0):
    """Vision tokens (28 x 28 cells) that show a good part of the box."""
    x1, y1, x2, y2 = box
    overlaps = []
    for r in range(max(0, int(y1) // CELL), min(rows - 1, int(y2 - 1) // CELL) + 1):
        for c in range(max(0, int(x1) // CELL), min(columns - 1, int(x2 - 1) // CELL) + 1):
            w = max(0, min(x2, (c + 1) * CELL) - max(x1, c * CELL))
            h = max(0, min(y2, (r + 1) * CELL) - max(y1, r * CELL))
            overlaps.append((w * h, r * columns + c + offset))
    most = max((o for o, _ in overlaps), default=0)
    return [i for o, i in overlaps if o >= 0.5 * most]


def cell_at(x, y, columns, rows):
    return min(rows - 1, int(y) // CELL) * columns + min(columns - 1, int(x) // CELL)


def _apart(a, b, gap=3):
    return a[0] >= b[2] + gap or b[0] >= a[2] + gap or a[1] >= b[3] + gap or b[1] >= a[3] + gap


def _place(rng, width, height, count, small_only):
    """A box, whether it is large, and its named place, or None when the draw falls on a border between places."""
    short = min(width, height)
    large = rng.random() < (0.45 if count <= 2 else 0.25) and not small_only
    low, high = world.LARGE if large else world.SMALL
    side = int(rng.integers(low, max(low, min(high, int(0.62 * short))) + 1))
    if side >= short - 2:
        return None
    x, y = int(rng.integers(1, width - side)), int(rng.integers(1, height - side))
    u, v = (x + side / 2) / width, (y + side / 2) / height
    if any(abs(a - border) < world.POSITION_MARGIN for a in (u, v) for border in (1 / 3, 2 / 3)):
        return None
    return (x, y, x + side, y + side), large, (int(v * 3), int(u * 3))


def place_shapes(rng, width, height, background, count, *, repeats=False, small_only=False):
    """Up to `count` shapes that do not overlap, in reading order; `repeats` lets the same kind appear again."""
    names, shapes = world.allowed_colors(background), []
    for _ in range(count):
        for _attempt in range(40):
            placed = _place(rng, width, height, count, small_only)
            if placed is None or not all(_apart(placed[0], other.box) for other in shapes):
                continue
            shape, color = pick(rng, SHAPES), pick(rng, names)
            if shapes and repeats and rng.random() < 0.5:
                model = pick(rng, shapes)
                shape = model.shape if rng.random() < 0.5 else shape
                color = model.color if rng.random() < 0.5 else color
            elif any(s.shape == shape and s.color == color for s in shapes):
                continue
            box, large, place = placed
            shapes.append(Shape(shape, color, rgb_of(rng, color), box, large, place))
            break
    shapes.sort(key=lambda s: (s.place, s.box[0], s.box[1]))
    return shapes


def some_shapes(rng, width, height, background, count, **options):
    """Like place_shapes, but at least one."""
    shapes = place_shapes(rng, width, height, background, count, **options)
    while not shapes:
        shapes = place_shapes(rng, width, height, background, 1, **options)
    return shapes


def random_text(rng, longest):
    """A number, a word or a random run of capital letters, with what to call it."""
    draw = rng.random()
    length = int(rng.integers(min(2, longest), longest + 1))
    if draw < 0.4:
        return "".join(pick(rng, "0123456789") for _ in range(min(length, 5))), "number"
    words = [w for w in world.WORDS if len(w) <= longest]
    if draw < 0.75 and words:
        return pick(rng, words), "word"
    return "".join(pick(rng, world.CHARS[10:]) for _ in range(length)), "word"


def lay_text(rng, text, kind, face, background, corner, names=COLOR_NAMES):
    """A Text whose ink starts at a corner (x, y)."""
    f = font(*face)
    left, top, right, bottom = f.getbbox(text)
    x, y = corner
    origin = (x - left, y - top)
    middle = y + (bottom - top) / 2
    edges = [origin[0] + f.getlength(text[:i]) for i in range(len(text) + 1)]
    centers = [((edges[i] + edges[i + 1]) / 2, middle, ch) for i, ch in enumerate(text)]
    color, rgb = text_color(rng, background, names)
    return Text(text, kind, face, origin, rgb, color, (x, y, x + right - left, y + bottom - top), centers)


def text_scene(rng, width, height, longest):
    """A background and one text that fits."""
    background = pick(rng, world.BACKGROUNDS)
    text, kind = random_text(rng, max(1, min(longest, (width - 8) // world.PIXELS_PER_CHAR)))
    index, size = int(rng.integers(3)), int(rng.integers(world.FONT_SIZE[0], world.FONT_SIZE[1] + 1))
    while True:
        left, top, right, bottom = font(index, size).getbbox(text)
        w, h = right - left, bottom - top
        if w <= width - 6 and h <= height - 6:
            break
        if size > world.SMALLEST_FONT:
            size -= 1
        else:
            text = text[:-1]
    corner = tuple(int(rng.integers(2, room - 2)) if room > 5 else 2 for room in (width - w, height - h))
    return background, lay_text(rng, text, kind, (index, size), background, corner, world.allowed_colors(background))


def text_lines_scene(rng, width, height):
    """Several lines of text: for the vision tower's pre-training, which profits from many characters a picture."""
    background, texts = pick(rng, world.BACKGROUNDS), []
    y = int(rng.integers(1, 16))
    while True:
        face = (int(rng.integers(3)), int(rng.integers(world.SMALLEST_FONT, world.FONT_SIZE[1] + 1)))
        if rng.random() < 0.4:
            text = random_text(rng, world.MAX_CHARS)[0]
        else:
            text = "".join(pick(rng, world.CHARS) for _ in range(int(rng.integers(1, 8))))
        while text and font(*face).getbbox(text)[2] - font(*face).getbbox(text)[0] > width - 4:
            text = text[:-1]
        left, top, right, bottom = font(*face).getbbox(text)
        if not text or y + bottom - top > height - 1:
            return background, texts
        x = int(rng.integers(1, max(2, width - (right - left) - 1)))
        texts.append(lay_text(rng, text, "word", face, background, (x, y), world.allowed_colors(background)))
        # the centres of two lines never share a row of cells
        y += max(bottom - top + 3, CELL + max(0, (CELL - (bottom - top)) // 2)) + int(rng.integers(0, 20))
