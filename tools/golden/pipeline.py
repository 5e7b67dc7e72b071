"""Remakes fixtures/pipeline: conversations with pictures and clips, and what Hugging Face transformers makes of them at every stage.

    python tools/golden/pipeline.py            (set-up: tools/golden/README.md)

fixtures/pipeline/
  media/            small pictures and frames
  NAME.json         a checkpoint as its JSON files, the headers of its weights and the formula of their values (tiny_checkpoints.py);
                    and its cases: messages (paths relative to media/), what is stored of the large tensors
  NAME.safetensors  CASE/STAGE tensors by reference.py, the large ones in part:
                    pixel_values: the first row. The values are normalised bytes; NAME.json has the SHA-256 of these bytes
                    logits: the last row, and of all rows every 16th column (logits_sampled)
"""
import base64
import hashlib
import json
import pathlib
import shutil
import tempfile

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from reference import Reference
from tiny_checkpoints import make, text_config

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "fixtures" / "pipeline"
MEDIA = OUT / "media"
TOKENIZER = ROOT / "packages" / "demo-model" / "checkpoint"
TEXT_TEMPLATE = ROOT / "fixtures" / "tokenizer" / "qwen2.5-text.jinja"
COLUMN_STEP = 16


def drawing(width, height, phase=0.0):
    """[height, width, 3] bytes: gradients, a disc and a grid of lines."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    rgb = np.stack([x / width * 255, y / height * 255, 127 + 120 * np.sin((x + y) / 9 + phase)], -1)
    radius = min(width, height) / 3
    disc = (x - width * (0.3 + 0.05 * phase)) ** 2 + (y - height / 2) ** 2 < radius**2
    rgb[disc] = [230, 60, 40]
    rgb[(x % 17 < 1) | (y % 23 < 1)] = 255
    return rgb.astype(np.uint8)


def write_media():
    shutil.rmtree(MEDIA, ignore_errors=True)
    MEDIA.mkdir(parents=True)

    def save(name, picture, **options):
        picture.save(MEDIA / name, **options)

    save("plain.png", Image.fromarray(drawing(132, 92)), optimize=True)
    save("photo.jpg", Image.fromarray(drawing(97, 141, 1)), quality=90)
    turned = Image.Exif()
    turned[0x0112] = 6
    save("turned.jpg", Image.fromarray(drawing(120, 75, 2)), quality=90, exif=turned)
    save("windows.png", Image.fromarray(drawing(300, 260, 3)), optimize=True)
    save("grey.png", Image.fromarray(drawing(70, 70, 4)).convert("L"), optimize=True)
    clear = Image.fromarray(drawing(61, 45, 5)).convert("RGBA")
    clear.putalpha(Image.fromarray((np.add.outer(np.arange(45), np.arange(61)) * 3 % 256).astype(np.uint8)))
    save("transparent.png", clear, optimize=True)
    palette = Image.fromarray(drawing(84, 50, 6)).quantize(32)
    save("palette.png", palette, transparency=3, optimize=True)
    grey_alpha = Image.merge("LA", (Image.fromarray(drawing(50, 77, 7)).convert("L"), clear.getchannel("A").resize((50, 77))))
    save("grey-transparent.png", grey_alpha, optimize=True)
    save("wide.png", Image.fromarray(drawing(900, 12, 8)), optimize=True)
    save("tall.png", Image.fromarray(drawing(8, 1560, 9)), optimize=True)
    save("tiny.png", Image.fromarray(drawing(13, 9, 10)), optimize=True)
    for i in range(7):
        save(f"frame-{i}.png", Image.fromarray(drawing(64, 46, i)).quantize(48).convert("P"), optimize=True)


def words(text):
    return {"type": "text", "text": text}


def image(name, **limits):
    return {"type": "image", "image": name, **limits}


def clip(count, rate, **limits):
    return {"type": "video", "video": [f"frame-{i}.png" for i in range(count)], "sample_fps": rate, **limits}


def user(*content):
    return {"role": "user", "content": content[0] if len(content) == 1 and isinstance(content[0], str) else list(content)}


def cases():
    small = dict(min_pixels=3136, max_pixels=9408)                 # 4 to 12 tokens a frame pair
    data_url = "data:image/png;base64," + base64.b64encode((MEDIA / "tiny.png").read_bytes()).decode()
    return {
        "one": [user(image("plain.png"), words("Describe this image."))],
        "several": [
            {"role": "system", "content": "You are terse."},
            user(image("plain.png", max_pixels=9000), words("and"), image("transparent.png"), words("between"), image("turned.jpg"), words("which?")),
            {"role": "assistant", "content": "The first."},
            user(image("grey-transparent.png"), words("sure?")),
        ],
        "windows": [user(image("windows.png"), image("grey.png"), words("What is in the middle?"))],
        "extreme": [user(image("wide.png"), image("tall.png"), image("tiny.png", min_pixels=20000), words("x"))],
        "modes": [user(image("grey.png"), image("palette.png"), words("h\u00e9llo \u4f60\u597d \U0001f642"))],
        "bounds": [user(image("photo.jpg", min_pixels=40000), image("plain.png", max_pixels=3200),
                        image("turned.jpg", resized_height=60, resized_width=200), words("How many circles are there?"))],
        "url": [user({"type": "image_url", "image_url": {"url": data_url}}, words("Is there a square?"))],
        "text": [user("What color is the sky?")],
        "clips": [user(clip(5, 1.0, **small), words("When?"), image("plain.png", max_pixels=9000), clip(4, 4.0, **small), words("then?"))],
        "slow": [user(clip(6, 0.3, **small), words("After a long clip."), image("tiny.png"))],
        "rates": [user(words("First"), clip(7, 23.976, **small), clip(3, 0.7, min_pixels=3136, max_pixels=6272), words("or second?"))],
        "frames": [user(clip(2, 2.0), words("Describe the video."))],
        "turns": [
            {"role": "system", "content": "Answer in one word."}, user("What color is the circle?"),
            {"role": "assistant", "content": "red"}, user("Where is the square?"),
        ],
    }


WINDOWED = dict(in_channels=3, patch_size=14, temporal_patch_size=2, spatial_merge_size=2, hidden_act="silu")
PLAIN = dict(in_channels=3, patch_size=14, temporal_patch_size=2, spatial_merge_size=2, hidden_act="quick_gelu")
CHECKPOINTS = {
    "qwen2_5_vl-published-float32": (
        dict(family="qwen2_5_vl", layout="published", dtype="float32",
             text=text_config(heads=4, kv_heads=2, head_dim=16, layers=3, intermediate=112, theta=1e6, tied=True),
             vision=dict(WINDOWED, depth=4, hidden_size=48, num_heads=3, intermediate_size=100, window_size=112, fullatt_block_indexes=[1, 3], tokens_per_second=2)),
        ["one", "several", "windows", "extreme", "modes", "bounds", "url", "text", "clips", "slow", "frames"]),
    "qwen2_5_vl-nested-bfloat16-shards": (
        dict(family="qwen2_5_vl", layout="nested", dtype="bfloat16", shard="120KB",
             text=text_config(heads=3, kv_heads=1, head_dim=16, layers=2, intermediate=96, theta=1e4, tied=False),
             vision=dict(WINDOWED, depth=3, hidden_size=32, num_heads=2, intermediate_size=80, window_size=112, fullatt_block_indexes=[2], tokens_per_second=4)),
        ["several", "windows", "rates"]),
    "qwen2_5_vl-published-float16-shards": (
        dict(family="qwen2_5_vl", layout="published", dtype="float16", shard="120KB", pixels=(7056, 28224),
             text=text_config(heads=2, kv_heads=2, head_dim=32, layers=2, intermediate=144, theta=1e6, tied=False),
             vision=dict(WINDOWED, depth=4, hidden_size=64, num_heads=2, intermediate_size=84, window_size=84, fullatt_block_indexes=[0, 2], tokens_per_second=2)),
        ["windows", "modes"]),
    "qwen2_vl-published-bfloat16": (
        dict(family="qwen2_vl", layout="published", dtype="bfloat16",
             text=text_config(heads=4, kv_heads=2, head_dim=16, layers=2, intermediate=112, theta=1e6, tied=True),
             vision=dict(PLAIN, depth=3, embed_dim=48, num_heads=3, mlp_ratio=2)),
        ["several", "extreme", "slow", "text"]),
    "qwen2_vl-nested-float16-shards": (
        dict(family="qwen2_vl", layout="nested", dtype="float16", shard="150KB",
             text=text_config(heads=2, kv_heads=1, head_dim=32, layers=3, intermediate=128, theta=1e6, tied=False),
             vision=dict(PLAIN, depth=2, embed_dim=32, num_heads=2, mlp_ratio=4)),
        ["windows", "rates"]),
    "qwen2-published-float32": (
        dict(family="qwen2", layout="published", dtype="float32",
             text=text_config(heads=4, kv_heads=1, head_dim=16, layers=3, intermediate=112, theta=1e6, tied=True)),
        ["text", "turns"]),
    "qwen2-nested-bfloat16-shards": (
        dict(family="qwen2", layout="nested", dtype="bfloat16", shard="100KB",
             text=text_config(heads=2, kv_heads=2, head_dim=32, layers=2, intermediate=96, theta=1e5, tied=False)),
        ["turns"]),
}


def bytes_digest(pixels, processor):
    """SHA-256 of the bytes that [p, 1176] normalised values stand for, which they must all be within 1e-6 of."""
    mean, std = (np.repeat(np.array(processor[key], np.float64), 392) for key in ("image_mean", "image_std"))
    values = pixels.numpy().astype(np.float64)
    levels = np.rint((values * std + mean) * 255)
    assert np.abs((levels / 255 - mean) / std - values).max() < 1e-6
    return hashlib.sha256(levels.astype(np.uint8).tobytes()).hexdigest()


def stored(stages, processor):
    """What the fixtures keep of a case: tensors, and the digests of its pixels."""
    kept, digests = dict(stages), {}
    for key in ("pixel_values", "pixel_values_videos"):
        if key in stages:
            digests[key] = {"patches": len(stages[key]), "sha256": bytes_digest(stages[key], processor)}
            kept[key] = stages[key][:1]
    kept["logits"], kept["logits_sampled"] = stages["logits"][-1:], stages["logits"][:, ::COLUMN_STEP]
    return {k: v.contiguous().clone() for k, v in kept.items()}, digests


def main():
    write_media()
    conversations = cases()
    for name, (recipe, chosen) in CHECKPOINTS.items():
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = make(folder, **recipe)
            for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
                shutil.copy(TOKENIZER / file, folder)
            if "vision" not in recipe:
                shutil.copy(TEXT_TEMPLATE, pathlib.Path(folder) / "chat_template.jinja")
            reference, tensors, listed = Reference(folder), {}, []
            for case in chosen:
                kept, digests = stored(reference.stages(conversations[case], MEDIA), reference.processor)
                tensors |= {f"{case}/{stage}": value for stage, value in kept.items()}
                listed.append({"name": case, "messages": conversations[case], "pixels": digests})
                print(name, case, len(kept["input_ids"]), "tokens", kept["generated_ids"].tolist())
        save_file(tensors, OUT / f"{name}.safetensors")
        (OUT / f"{name}.safetensors").chmod(0o644)
        description = {**checkpoint, "cases": listed}
        (OUT / f"{name}.json").write_text(json.dumps(description, separators=(",", ":"), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
