"""Dense targets: what every 28 x 28 cell of a picture shows. They supervise the vision tower directly, and are thrown away afterwards."""
import numpy as np

from .world import CELL, CHARS, COLOR_NAMES, SHAPES

CHARS_PER_CELL = 3
TEXT_KIND = 1 + len(SHAPES)


def dense_targets(columns, rows, shapes=(), texts=()):
    """Per cell: kind (0 nothing, 1.. a shape, last text), colour, box edges relative to the cell, characters centred in it, and
    whether a shape's centre lies in it. The cell belongs to what covers most of it."""
    kind = np.zeros((rows, columns), np.int64)
    color = np.full((rows, columns), -1, np.int64)
    box = np.zeros((rows, columns, 4), np.float32)
    chars = np.zeros((rows, columns, CHARS_PER_CELL), np.int64)
    center = np.zeros((rows, columns), np.float32)
    most = np.zeros((rows, columns), np.float32)
    items = [(1 + SHAPES.index(s.shape), s) for s in shapes] + [(TEXT_KIND, t) for t in texts]
    for label, item in items:
        x1, y1, x2, y2 = item.box
        area = (x2 - x1) * (y2 - y1)
        for r in range(int(y1) // CELL, min(rows - 1, int(y2 - 1) // CELL) + 1):
            for c in range(int(x1) // CELL, min(columns - 1, int(x2 - 1) // CELL) + 1):
                overlap = max(0, min(x2, (c + 1) * CELL) - max(x1, c * CELL)) * max(0, min(y2, (r + 1) * CELL) - max(y1, r * CELL))
                if overlap > most[r, c] and (overlap > 0.12 * CELL * CELL or overlap > 0.4 * area):
                    cx, cy = (c + 0.5) * CELL, (r + 0.5) * CELL
                    most[r, c], kind[r, c], color[r, c] = overlap, label, COLOR_NAMES.index(item.color)
                    box[r, c] = ((x1 - cx) / CELL, (y1 - cy) / CELL, (x2 - cx) / CELL, (y2 - cy) / CELL)
    for s in shapes:
        x1, y1, x2, y2 = s.box
        center[min(rows - 1, int((y1 + y2) / 2) // CELL), min(columns - 1, int((x1 + x2) / 2) // CELL)] = 1
    used = np.zeros((rows, columns), np.int64)
    for text in texts:
        for cx, cy, ch in text.centers:
            r, c = min(rows - 1, int(cy) // CELL), min(columns - 1, int(cx) // CELL)
            if used[r, c] < CHARS_PER_CELL:
                chars[r, c, used[r, c]] = 1 + CHARS.index(ch)
                used[r, c] += 1
    return dict(kind=kind.ravel(), color=color.ravel(), box=box.reshape(-1, 4), chars=chars.reshape(-1, CHARS_PER_CELL), center=center.ravel())
