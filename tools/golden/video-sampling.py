"""What Qwen's own utilities sample from a video: indices, rates and frame sizes over durations, rates and options.

    pip install qwen-vl-utils==0.0.14 torch numpy requests packaging pillow
    python tools/golden/video-sampling.py

Decoding and resizing are replaced by recorders, so that only the arithmetic of `fetch_video` runs.
Writes fixtures/video/sampling.json.
"""
import hashlib, itertools, json, os, random, sys, types
import torch

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Clip:
    """A decoded clip without pixels."""

    def __init__(self, shape):
        self.shape = shape

    def asnumpy(self):
        return self

    def permute(self, *order):
        return Clip([self.shape[i] for i in order])

    def float(self):
        return self


class VideoReader:
    def __init__(self, path):
        self.frames, self.rate, self.width, self.height = json.loads(path)

    def __len__(self):
        return self.frames

    def get_avg_fps(self):
        return self.rate

    def get_batch(self, indices):
        return Clip([len(indices), self.height, self.width, 3])


def stub(name, **members):
    sys.modules[name] = types.ModuleType(name)
    for key, value in members.items():
        setattr(sys.modules[name], key, value)
    return sys.modules[name]


functional = stub("torchvision.transforms.functional", resize=lambda clip, size, **_: Clip(clip.shape[:2] + list(size)))
transforms = stub("torchvision.transforms", functional=functional, InterpolationMode=types.SimpleNamespace(BICUBIC=3))
stub("torchvision", io=stub("torchvision.io"), transforms=transforms, __version__="0.20.0").__path__ = []
stub("decord", VideoReader=VideoReader)
os.environ["FORCE_QWENVL_VIDEO_READER"] = "decord"
import qwen_vl_utils.vision_process as reference


class Torch:
    """torch, but a clip without pixels passes through `tensor`."""

    def __getattr__(self, name):
        return getattr(torch, name)

    def tensor(self, value, *a, **k):
        return value if isinstance(value, Clip) else torch.tensor(value, *a, **k)


def refuse(ele):
    raise sys.exc_info()[1]


reference.torch = Torch()
reference.VIDEO_READER_BACKENDS["torchvision"] = refuse


def digest(values):
    return hashlib.sha256(",".join(map(str, values)).encode()).hexdigest()


def case(frames, rate, size, options):
    record = {"frames": frames, "rate": rate, "size": size, "options": options}
    ele = {"video": json.dumps([frames, rate, *size]), **options}
    try:
        (clip, meta), fps = reference.fetch_video(ele, return_video_sample_fps=True, return_video_metadata=True)
    except (ValueError, AssertionError) as error:
        return record | {"error": type(error).__name__}
    indices = meta["frames_indices"]
    record |= {"nframes": len(indices), "sample_fps": fps, "resized": [clip.shape[3], clip.shape[2]]}
    # The published processor of Qwen2.5-VL: temporal_patch_size / fps.
    record |= {"second_per_grid_ts": 2 / fps, "digest": digest(indices)}
    return record | ({"indices": indices} if len(indices) <= 24 else {})


rates = [1.0, 7.5, 12.0, 24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 59.94, 120.0]
lengths = [1, 2, 3, 4, 5, 7, 9, 16, 24, 59, 100, 301, 750, 1799, 9000, 40001]
sizes = [[640, 480], [1920, 1080], [1080, 1920], [320, 240], [70, 42], [3840, 2160], [98, 98], [1001, 333]]
options = [
    {}, {"fps": 1.0}, {"fps": 0.5}, {"fps": 4}, {"fps": 30.0}, {"fps": 0.1},
    {"nframes": 4}, {"nframes": 5}, {"nframes": 7}, {"nframes": 3}, {"nframes": 1}, {"nframes": 2}, {"nframes": 96}, {"nframes": 768},
    {"fps": 1, "min_frames": 8}, {"min_frames": 9, "max_frames": 9}, {"fps": 8, "max_frames": 33}, {"max_frames": 2}, {"max_frames": 1},
    {"fps": 2, "nframes": 4},
    {"video_start": 1.0}, {"video_end": 2.5}, {"video_start": 0.5, "video_end": 3.7}, {"video_start": 3.0, "video_end": 3.0},
    {"video_start": 5, "video_end": 1}, {"video_start": -2, "video_end": 1e9}, {"video_start": 1e6}, {"video_start": 0.3, "video_end": 2.0, "nframes": 6},
    {"total_pixels": 20480 * 28 * 28}, {"total_pixels": 2000000}, {"max_pixels": 360 * 420}, {"max_pixels": 10**9}, {"max_pixels": 50176},
    {"min_pixels": 4 * 28 * 28, "max_pixels": 64 * 28 * 28}, {"min_pixels": 400 * 28 * 28}, {"min_pixels": 800 * 28 * 28},
    {"min_pixels": 16 * 28 * 28, "total_pixels": 500000}, {"resized_height": 280, "resized_width": 420}, {"resized_height": 33, "resized_width": 47},
]
draw = random.Random(7)
cases = [case(n, r, draw.choice(sizes), {}) for n, r in itertools.product(lengths, rates)]
cases += [case(draw.choice(lengths[4:]), draw.choice(rates), draw.choice(sizes), o) for o in options for _ in range(6)]

# Every even count of frames over many ranges: where float32 decides which way a half rounds.
spans = []
for start, frames in itertools.product([0, 250], [*range(2, 64), 301, 1801, 40001]):
    end = start + frames - 1
    rows = [torch.linspace(start, end, n).round().long().tolist() for n in range(2, min(frames, 768) + 1, 2)]
    spans.append([start, end, digest(itertools.chain(*rows))])

target = os.path.join(root, "fixtures", "video")
os.makedirs(target, exist_ok=True)
with open(os.path.join(target, "sampling.json"), "w") as out:
    out.write('{"cases": [\n' + ",\n".join(map(json.dumps, cases)) + '\n],\n"spans": [\n' + ",\n".join(map(json.dumps, spans)) + "\n]}\n")
print(len(cases), "cases", sum("error" in c for c in cases), "errors", len(spans), "spans")
