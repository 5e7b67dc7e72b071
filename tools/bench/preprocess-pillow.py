"""Processor time that Pillow and NumPy take from a JPEG to patches; used by preprocess.mjs. Prints one JSON object, in ms."""
import json, sys, time

import numpy as np
from PIL import Image

mean = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
std = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


def run(path):
    times, last = {}, time.process_time()

    def mark(name):
        nonlocal last
        now = time.process_time()
        times[name] = (now - last) * 1000
        last = now

    image = Image.open(path).convert("RGB")
    mark("decode")
    image = image.resize((round(image.width / 28) * 28, round(image.height / 28) * 28), Image.Resampling.BICUBIC)
    mark("resize")
    x = (np.asarray(image, np.float32)[None] / 255 - mean) / std
    x = np.concatenate([x, x]).transpose(0, 3, 1, 2)
    rows, columns = image.height // 14, image.width // 14
    x = x.reshape(1, 2, 3, rows // 2, 2, 14, columns // 2, 2, 14).transpose(0, 3, 6, 4, 7, 2, 1, 5, 8)
    x = np.ascontiguousarray(x).reshape(rows * columns, -1)
    mark("patches")
    return times


run(sys.argv[1])  # warm
print(json.dumps(run(sys.argv[1])))
