"""What Qwen's utilities, Pillow and the published processor make of lists of frames: sizes, grids and pixel values.

    pip install qwen-vl-utils==0.0.14 torch torchvision numpy pillow
    python tools/golden/video-segment.py

Frames are drawn from a formula that the test repeats. Writes fixtures/video/segments.json.
"""
import json, os, sys, types
import numpy as np
from PIL import Image

try:
    import torchvision
except ImportError:  # only smart_resize is wanted, which needs nothing of it
    for name in ("torchvision.io", "torchvision.transforms", "torchvision"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["torchvision.transforms"].InterpolationMode = None
    sys.modules["torchvision"].io = sys.modules["torchvision.io"]
    sys.modules["torchvision"].transforms = sys.modules["torchvision.transforms"]
from qwen_vl_utils.vision_process import smart_resize

MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


def frame(i, width, height):
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    return ((x * (3 + c) + y * (5 - c) + i * 41 + (x * y) // 7) % 256).astype(np.uint8)


def segment(count, width, height, fps, low, high):
    frames = [Image.fromarray(frame(i, width, height)) for i in range(count)]
    if count % 2:
        frames.append(frames[-1])
    h, w = smart_resize(height, width, factor=28, min_pixels=low, max_pixels=high)
    x = np.stack([np.asarray(f.resize((w, h), Image.BICUBIC), np.float32) for f in frames]) / 255
    x = ((x - MEAN) / STD).transpose(0, 3, 1, 2)
    t, gh, gw = len(frames) // 2, h // 14, w // 14
    x = x.reshape(t, 2, 3, gh // 2, 2, 14, gw // 2, 2, 14).transpose(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(t * gh * gw, -1)
    flat = np.ascontiguousarray(x).reshape(-1)
    stride = len(flat) // 300
    return {
        "count": count, "width": width, "height": height, "sampleFps": fps, "minPixels": low, "maxPixels": high,
        "resized": [w, h], "grid": [t, gh, gw], "secondsPerGrid": 2 / fps,
        "stride": stride, "values": [round(float(v), 7) for v in flat[::stride]], "sum": float(flat.astype(np.float64).sum()),
    }


cases = [
    segment(2, 100, 70, 2.0, 4 * 784, 16 * 784),
    segment(5, 64, 96, 1.0, 4 * 784, 9 * 784),
    segment(3, 30, 41, 0.4, 16 * 784, 20 * 784),
    segment(4, 320, 180, 29.97, 128 * 784, 768 * 784),
    segment(1, 56, 56, 4.0, 4 * 784, 768 * 784),
]
target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "fixtures", "video", "segments.json")
with open(target, "w") as out:
    out.write("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
