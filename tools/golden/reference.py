"""What Hugging Face transformers computes between the messages and the answer, stage by stage: the reference of vlmkit's parity tests.

`stages(folder, messages, base, new_tokens)` gives, for a conversation in the JSON form of Qwen's utilities (paths relative to `base`):
  input_ids [L], position_ids [3, L], rope_delta [1]
  pixel_values [P, 1176], image_grid_thw [n, 3]; pixel_values_videos, video_grid_thw; second_per_grid_ts (Qwen2.5-VL)
  image_embeds [v, h], video_embeds [v, h]    after the merger, in prompt order
  logits [min(L, 32), vocabulary]             of the last prompt positions
  generated_ids [N]                           greedy
All in float32 with eager attention, whatever type the files have.

It departs from transformers 5 in the three places where the models were trained on something else:
- Positions after a picture or a clip go on at the maximum over all three axes + 1, as in the authors' own implementation. transformers 5
  goes on at max(height, width), so that text overlaps a clip that is longer than it is wide.
- A clip's frames are resized together by the bounds of Qwen's utilities; its processor has bounds of its own.
- Transparent pictures lie on white, as in Qwen's utilities; transformers would show the colours under full transparency.
"""
import base64
import io
import itertools
import json
import math
import pathlib

import numpy as np
import torch
from PIL import Image, ImageOps
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, Qwen2_5_VLForConditionalGeneration, Qwen2VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

TOKEN_SIDE = 28                                  # pixels of one visual token: 14-pixel patches, merged 2 x 2
CLIP_BOUNDS = (128 * TOKEN_SIDE**2, 768 * TOKEN_SIDE**2)
CLIP_TOTAL = 128000 * TOKEN_SIDE**2 * 0.9
LOGIT_ROWS = 32


def open_picture(reference, base):
    """An RGB picture, upright, on white."""
    source = io.BytesIO(base64.b64decode(reference.split("base64,", 1)[1])) if reference.startswith("data:") else base / reference
    picture = ImageOps.exif_transpose(Image.open(source))
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def fit(height, width, low, high):
    """The size nearest to a picture's own whose sides are multiples of a token's and whose area lies in [low, high]. Halves round to even."""
    if max(height, width) > 200 * min(height, width):
        raise ValueError("More than 200 times longer than wide.")
    sides = [max(TOKEN_SIDE, round(side / TOKEN_SIDE) * TOKEN_SIDE) for side in (height, width)]
    if math.prod(sides) > high:
        shrink = math.sqrt(height * width / high)
        return tuple(max(TOKEN_SIDE, math.floor(side / shrink / TOKEN_SIDE) * TOKEN_SIDE) for side in (height, width))
    if math.prod(sides) < low:
        grow = math.sqrt(low / (height * width))
        return tuple(math.ceil(side * grow / TOKEN_SIDE) * TOKEN_SIDE for side in (height, width))
    return tuple(sides)


def clip_size(part, count, height, width):
    """(height, width) of every frame of a clip of `count` frames."""
    low = part.get("min_pixels", CLIP_BOUNDS[0])
    share = part.get("total_pixels", CLIP_TOTAL) / count * 2
    limit = max(min(CLIP_BOUNDS[1], share), int(low * 1.05))
    return fit(height, width, low, min(part.get("max_pixels", limit), limit))


def picture_patches(part, base, config):
    """([p, 1176], [1, h, w]) of one picture, by transformers' own processor."""
    low, high = part.get("min_pixels", config["min_pixels"]), part.get("max_pixels", config["max_pixels"])
    picture = open_picture(part["image"], base)
    if "resized_height" in part:
        size = fit(part["resized_height"], part["resized_width"], 4 * TOKEN_SIDE**2, 16384 * TOKEN_SIDE**2)
        picture, low, high = picture.resize(size[::-1], Image.Resampling.BICUBIC), math.prod(size), math.prod(size)
    processor = Qwen2VLImageProcessorPil(size={"shortest_edge": low, "longest_edge": high}, image_mean=config["image_mean"], image_std=config["image_std"])
    out = processor(images=[picture], return_tensors="pt")
    return out["pixel_values"], out["image_grid_thw"][0]


def clip_patches(part, base, config):
    """([p, 1176], [t, h, w]) of a list of frames. Two frames make one temporal step; an odd one repeats."""
    frames = [open_picture(frame, base) for frame in part["video"]]
    frames += frames[-1:] * (len(frames) % 2)
    height, width = clip_size(part, len(frames), frames[0].height, frames[0].width)
    pixels = np.stack([np.asarray(frame.resize((width, height), Image.Resampling.BICUBIC), np.float32) for frame in frames]) / np.float32(255)
    pixels = (pixels - np.array(config["image_mean"], np.float32)) / np.array(config["image_std"], np.float32)
    t, h, w = len(frames) // 2, height // 14, width // 14
    # frames x rows x columns x channels, cut into patches that stand in blocks of 2 x 2; a patch is channels x frames x rows x columns.
    cut = pixels.reshape(t, 2, h // 2, 2, 14, w // 2, 2, 14, 3).transpose(0, 2, 5, 3, 6, 8, 1, 4, 7)
    return torch.from_numpy(np.ascontiguousarray(cut).reshape(t * h * w, -1)), torch.tensor([t, h, w])


def author_positions(ids, tokens, grids, seconds, rate, merge=2):
    """[3, L] positions and the rope delta. `grids` and `seconds` by token id; `rate`: temporal positions a second, or None where time is a count."""
    parts, start = [], 0
    grids, seconds = {k: iter(v) for k, v in grids.items()}, iter(seconds)
    for token, run in itertools.groupby(ids.tolist(), lambda i: i if i in tokens else None):
        left = len(list(run))
        if token is None:
            parts.append(torch.arange(start, start + left).expand(3, -1))
            start += left
            continue
        while left > 0:
            t, h, w = (int(n) for n in next(grids[token]))
            h, w = h // merge, w // merge
            time = torch.arange(t)
            if token == tokens[1] and rate is not None:
                time = (time * torch.tensor(next(seconds), dtype=torch.float32) * rate).long()      # truncated last, in float32
            axes = torch.meshgrid(time, torch.arange(h), torch.arange(w), indexing="ij")
            parts.append(torch.stack([axis.flatten() for axis in axes]) + start)
            start = int(parts[-1].max()) + 1
            left -= t * h * w
    positions = torch.cat(parts, 1)
    return positions, int(positions.max()) + 1 - len(ids)


def normalised(messages):
    """OpenAI's picture parts in the form of Qwen's."""
    def part(p):
        if p["type"] != "image_url":
            return p
        url = p["image_url"]
        return {"type": "image", "image": url["url"] if isinstance(url, dict) else url}
    return [{**m, "content": m["content"] if isinstance(m["content"], str) else [part(p) for p in m["content"]]} for m in messages]


class Reference:
    """One checkpoint, loaded once."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.config = AutoConfig.from_pretrained(folder)
        self.family = self.config.model_type
        load = {"qwen2_5_vl": Qwen2_5_VLForConditionalGeneration, "qwen2_vl": Qwen2VLForConditionalGeneration}.get(self.family, AutoModelForCausalLM)
        self.model = load.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        processor = folder / "preprocessor_config.json"
        self.processor = json.loads(processor.read_text()) if processor.exists() else None

    @torch.no_grad()
    def stages(self, messages, base, new_tokens=8):
        messages = normalised(messages)
        parts = [p for m in messages if not isinstance(m["content"], str) for p in m["content"]]
        pictures = [picture_patches(p, base, self.processor) for p in parts if p["type"] == "image"]
        clips = [(p, *clip_patches(p, base, self.processor)) for p in parts if p["type"] == "video"]
        out = {}
        if pictures:
            out["pixel_values"] = torch.cat([pixels for pixels, _ in pictures])
            out["image_grid_thw"] = torch.stack([grid for _, grid in pictures])
        if clips:
            out["pixel_values_videos"] = torch.cat([pixels for _, pixels, _ in clips])
            out["video_grid_thw"] = torch.stack([grid for _, _, grid in clips])
            if self.family == "qwen2_5_vl":
                out["second_per_grid_ts"] = torch.tensor([2 / p.get("sample_fps", 2.0) for p, _, _ in clips])
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        for pad, key in (("<|image_pad|>", "image_grid_thw"), ("<|video_pad|>", "video_grid_thw")):
            pieces = text.split(pad)
            counts = [int(grid.prod()) // 4 for grid in out.get(key, [])]
            assert len(pieces) == len(counts) + 1
            text = "".join(piece + pad * count for piece, count in itertools.zip_longest(pieces, counts, fillvalue=0))
        ids = out["input_ids"] = self.tokenizer(text, return_tensors="pt")["input_ids"][0]
        feeds = {"input_ids": ids[None], "attention_mask": torch.ones_like(ids)[None]}
        feeds |= {k: v for k, v in out.items() if k not in ("input_ids",)}
        tokens, rate = (-1, -1), None
        if self.processor:
            tokens = (self.config.image_token_id, self.config.video_token_id)
            rate = getattr(self.config.vision_config, "tokens_per_second", None)
        grids = {tokens[0]: out.get("image_grid_thw", []), tokens[1]: out.get("video_grid_thw", [])}
        positions, delta = author_positions(ids, tokens, grids, out.get("second_per_grid_ts", torch.tensor([])).tolist(), rate)
        out["position_ids"], out["rope_delta"] = positions, torch.tensor([delta])
        if self.processor:
            inner = self.model.model
            inner.get_rope_index = lambda *a, **k: (positions[:, None], torch.tensor([[delta]]))
            feeds["mm_token_type_ids"] = (ids == tokens[0]).int()[None] + 2 * (ids == tokens[1]).int()[None]
            for kind, key in (("image", "pixel_values"), ("video", "pixel_values_videos")):
                if key in out:
                    seen = inner.visual(out[key], grid_thw=out[f"{kind}_grid_thw"])
                    out[f"{kind}_embeds"] = getattr(seen, "pooler_output", seen)
        out["logits"] = self.model(**feeds, use_cache=False).logits[0, -LOGIT_ROWS:]
        if new_tokens:
            answer = self.model.generate(**feeds, max_new_tokens=new_tokens, do_sample=False, temperature=None, top_p=None, top_k=None,
                                         output_logits=True, return_dict_in_generate=True)
            out["generated_ids"] = answer.sequences[0, len(ids) :]
            best = torch.stack(answer.logits)[:, 0].topk(2).values
            # A near tie could be decided by rounding alone, and would test nothing.
            assert ((best[:, 0] - best[:, 1]) > 2e-4 * best[:, 0].abs()).all(), "The greedy choice is a near tie: change the weights or the words."
        return {k: v.contiguous() for k, v in out.items()}
