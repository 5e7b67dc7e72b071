"""Small clips of every kind, and the frames that PyAV decodes from them.

    pip install av==18.1.0 numpy
    python tools/golden/video-clips.py

Writes fixtures/video/*.mp4 (…), frames.json (times and SHA-256 of every frame's RGB bytes, upright) and yuv.json
(random 4:2:0 pictures with what FFmpeg converts them to).
"""
import base64, hashlib, json, os, random
from fractions import Fraction
import av, numpy as np

target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "fixtures", "video")
os.makedirs(target, exist_ok=True)
WIDTH, HEIGHT, FRAMES = 96, 64, 16


def picture(i, width, height):
    """Waves of colour with a red square that moves three pixels a frame."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [127 + 120 * np.sin(x / 9 + i / 5), 127 + 120 * np.sin(y / 7 - i / 4), 127 + 120 * np.sin((x + y) / 11 + i / 3)]
    image = np.stack(waves, -1)
    image[height // 3 : height // 3 + 10, 3 * i : 3 * i + 10] = [255, 20, 20]
    return image.astype(np.uint8)


def write(name, codec, rate=12, pix="yuv420p", options=None, times=None, tagged=False, width=WIDTH, height=HEIGHT, frames=FRAMES):
    base = Fraction(1, 1000) if times else 1 / Fraction(rate)
    with av.open(os.path.join(target, name), "w") as file:
        stream = file.add_stream(codec, rate=Fraction(rate))
        stream.width, stream.height, stream.pix_fmt, stream.options = width, height, pix, options or {}
        context = stream.codec_context
        if tagged:
            context.colorspace = context.color_primaries = context.color_trc = 1
            context.color_range = 1
        if times:
            context.time_base = base
        for i in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(i, width, height), format="rgb24")
            frame = frame.reformat(format=pix, dst_colorspace="ITU709" if tagged else None)
            frame.pts, frame.time_base = times[i] if times else i, base
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def turn(name, source, a, b, c, d, x, y):
    """Copies a QuickTime file with another display matrix in its track header."""
    data = bytearray(open(os.path.join(target, source), "rb").read())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    fixed = lambda v: int(v * 65536).to_bytes(4, "big", signed=True)
    data[at : at + 36] = fixed(a) + fixed(b) + fixed(0) + fixed(c) + fixed(d) + fixed(0) + fixed(x) + fixed(y) + (1 << 30).to_bytes(4, "big")
    open(os.path.join(target, name), "wb").write(data)


def read(name):
    with av.open(os.path.join(target, name)) as file:
        frames = list(file.decode(video=0))
    upright = [np.rot90(f.to_ndarray(format="rgb24"), f.rotation // 90) for f in frames]
    return {
        "size": [upright[0].shape[1], upright[0].shape[0]],
        "times": [float(f.pts * f.time_base) for f in frames],
        "frames": [hashlib.sha256(np.ascontiguousarray(u).tobytes()).hexdigest() for u in upright],
    }


def convert(matrix, full, seed):
    rng = np.random.default_rng(seed)
    planes = rng.integers(0, 256, (24 * 3 // 2, 32), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.colorspace, frame.color_range = matrix, 2 if full else 1
    rgb = frame.to_ndarray(format="rgb24")
    encode = lambda a: base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()
    return {"width": 32, "height": 24, "matrix": matrix, "fullRange": full, "yuv": encode(planes), "rgb": encode(rgb)}


h264 = {"crf": "30", "g": "6", "bf": "2"}
h265 = {"x265-params": "crf=32:keyint=6:log-level=none:info=0"}
draw = random.Random(1)
uneven = [0]
while len(uneven) < FRAMES:
    uneven.append(uneven[-1] + draw.choice([20, 40, 80, 200, 333]))
write("h264.mp4", "libx264", options=h264)
write("h264-bt709.mp4", "libx264", options=h264, tagged=True)
write("h264-full-range.mp4", "libx264", options=h264, pix="yuvj420p")
write("h264-444.mp4", "libx264", options=h264, pix="yuv444p")
write("h264-98x66-ntsc.mp4", "libx264", options=h264, rate=Fraction(30000, 1001), width=98, height=66)
write("uneven.mp4", "libx264", options=h264, times=uneven)
write("uneven.mkv", "libx264", options=h264, times=uneven)
write("hevc.mp4", "libx265", options=h265)
write("hevc-10-bit.mp4", "libx265", options=h265, pix="yuv420p10le")
write("vp9.webm", "libvpx-vp9", rate=Fraction(30000, 1001), options={"crf": "40", "b": "0", "g": "6", "cpu-used": "8"})
write("av1.webm", "libsvtav1", options={"crf": "45", "g": "6", "preset": "10"})
write("h264.mov", "libx264", options=h264, frames=6)
turn("turned-90.mov", "h264.mov", 0, 1, -1, 0, HEIGHT, 0)
turn("turned-180.mov", "h264.mov", -1, 0, 0, -1, WIDTH, HEIGHT)
turn("turned-270.mov", "h264.mov", 0, -1, 1, 0, 0, WIDTH)
os.remove(os.path.join(target, "h264.mov"))
write("one-frame.mp4", "libx264", options=h264, frames=1)
unsupported = "mpeg4.mp4"
write(unsupported, "mpeg4", frames=2)

names = sorted(n for n in os.listdir(target) if n.rsplit(".", 1)[1] in ("mp4", "mov", "webm", "mkv") and n != unsupported)
with open(os.path.join(target, "frames.json"), "w") as out:
    out.write("{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(read(n))}" for n in names) + "\n}\n")
kinds = [(matrix, full) for matrix in (1, 2, 5, 6, 9) for full in (False, True)]
with open(os.path.join(target, "yuv.json"), "w") as out:
    out.write("[\n" + ",\n".join(json.dumps(convert(m, f, i)) for i, (m, f) in enumerate(kinds)) + "\n]\n")
