"""Reference values for packages/preprocess: fixtures/preprocess/{smart-resize,resize,patches}.json.

usage: python tools/golden/preprocess.py [OUT]      (pip: pillow, numpy, transformers)

Inputs are made from a counter by `pixels`, which the tests repeat; results are stored as SHA-256 of their bytes. The files of
fixtures/preprocess/files come from preprocess-files.py.
"""
import hashlib, json, pathlib, random, sys

import numpy as np
from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil, smart_resize

OUT = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "preprocess"


def pixels(width, height, seed):
    """[height, width, 3] 8-bit noise."""
    x = np.arange(width * height * 3, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed * 40503)
    x ^= x >> np.uint32(15)
    x *= np.uint32(2246822519)
    return (x >> np.uint32(24)).astype(np.uint8).reshape(height, width, 3)


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def utils_resize(height, width, factor, low, high):
    """smart_resize of qwen-vl-utils: like the processor's, but no side starts below one factor."""
    import math
    if max(height, width) / min(height, width) > 200:
        raise ValueError
    h, w = (max(factor, round(x / factor) * factor) for x in (height, width))
    if h * w > high:
        b = math.sqrt(height * width / high)
        return tuple(max(factor, math.floor(x / b / factor) * factor) for x in (height, width))
    if h * w < low:
        b = math.sqrt(low / (height * width))
        return tuple(math.ceil(x * b / factor) * factor for x in (height, width))
    return h, w


def attempt(f, *args):
    try:
        return list(f(*args))
    except ValueError:
        return None


def smart_resizes():
    r = random.Random(1)
    sizes = [(70, 70), (1078, 1078), (14, 14), (42, 98), (1, 1), (1, 200), (1, 201), (200, 1), (201, 1), (10, 2000), (13, 2600), (3, 500), (4000, 3000), (6000, 4000), (28, 5600), (3136, 28)]
    sizes += [(int(10 ** r.uniform(0, 4)), int(10 ** r.uniform(0, 4))) for _ in range(400)]
    sizes += [(14 * r.randint(1, 160), 14 * r.randint(1, 160)) for _ in range(150)]
    bounds = [(3136, 12845056), (7056, 28224), (200704, 1003520), (784, 784), (1, 50000)]
    rows = []
    for i, (h, w) in enumerate(sizes):
        low, high = bounds[i % len(bounds)]
        rows.append([h, w, 28, low, high, attempt(smart_resize, h, w, 28, low, high), attempt(utils_resize, h, w, 28, low, high)])
    return rows


def resizes():
    r = random.Random(2)
    cases = [(1, 1, 28, 28), (1, 1, 1, 7), (5, 1, 3, 1), (1, 9, 28, 28), (9, 1, 56, 28), (200, 1, 140, 28), (2, 2, 1, 1), (3, 3, 2, 2), (640, 480, 1, 1), (37, 61, 37, 28), (37, 61, 28, 61), (56, 56, 56, 56),
             (100, 100, 112, 84), (29, 29, 28, 28), (27, 27, 28, 28), (500, 375, 504, 364), (1000, 20, 28, 28), (7, 900, 28, 252), (255, 255, 28, 784), (28, 28, 1000, 3), (640, 427, 644, 420)]
    cases += [(int(10 ** r.uniform(0, 2.6)), int(10 ** r.uniform(0, 2.6)), int(10 ** r.uniform(0, 2.6)), int(10 ** r.uniform(0, 2.6))) for _ in range(120)]
    rows = []
    for seed, (w, h, ow, oh) in enumerate(cases):
        a = pixels(w, h, seed)
        if seed % 3 == 0:                       # black and white: the filter overshoots, and clipping shows
            a = np.where(a > 127, 255, 0).astype(np.uint8)
        rows.append([w, h, ow, oh, sha(np.asarray(Image.fromarray(a).resize((ow, oh), Image.Resampling.BICUBIC)))])
    return rows


def patches():
    mean, std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
    every = (np.arange(28 * 28 * 3) // 3 % 256).astype(np.uint8).reshape(28, 28, 3)      # every value in every channel
    rows = []
    for seed, (w, h, low, high) in enumerate([(28, 28, 784, 784), (56, 84, 3136, 12845056), (61, 47, 3136, 12845056), (333, 222, 7056, 28224), (20, 300, 3136, 12845056), (500, 400, 3136, 100000)]):
        a = every if seed == 0 else pixels(w, h, seed)
        q = Qwen2VLImageProcessorPil(size={"shortest_edge": low, "longest_edge": high})(images=[Image.fromarray(a)], return_tensors="np")
        p = q["pixel_values"].astype(np.float32)
        rows.append({"width": w, "height": h, "minPixels": low, "maxPixels": high, "grid": q["image_grid_thw"][0].tolist(), "shape": list(p.shape), "sha256": sha(p), "first": [float(v) for v in p[0, :8]]})
    frames = np.stack([pixels(84, 56, 100 + i) for i in range(6)])                       # a clip, by the layout of the reference's video path
    x = frames.astype(np.float64) * (1 / 255)
    x = ((x.astype(np.float32) - np.array(mean, np.float32)) / np.array(std, np.float32)).transpose(0, 3, 1, 2)
    x = x.reshape(3, 2, 3, 2, 2, 14, 3, 2, 14).transpose(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(3 * 4 * 6, -1)
    return {"mean": mean, "std": std, "images": rows, "clip": {"width": 84, "height": 56, "seeds": [100 + i for i in range(6)], "grid": [3, 4, 6], "sha256": sha(x.astype(np.float32))}}


def write(name, rows):
    OUT.mkdir(parents=True, exist_ok=True)
    body = ",\n".join(json.dumps(row) for row in rows) if isinstance(rows, list) else None
    (OUT / name).write_text(f"[\n{body}\n]\n" if body else json.dumps(rows, indent=1) + "\n")


write("smart-resize.json", smart_resizes())
write("resize.json", resizes())
write("patches.json", patches())
