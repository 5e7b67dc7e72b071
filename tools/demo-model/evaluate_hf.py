"""Answers a held-out set with Hugging Face transformers: greedy, float32. The scores are computed from the answers by tools/evaluate.mjs.

  python evaluate_hf.py ../../fixtures/demo-eval --model ../../packages/demo-model/checkpoint --out answers-hf.jsonl
  node ../evaluate.mjs --set ../../fixtures/demo-eval --answers answers-hf.jsonl
"""
import argparse
import itertools
import json
import os
import time

import numpy as np
import torch
from PIL import Image


def authors_positions(self, input_ids, mm_token_type_ids, image_grid_thw=None, video_grid_thw=None, second_per_grid_ts=None, **_):
    """Positions [3, 1, length] and delta by the rule of the models' authors, for one sequence.

    What follows a picture or clip starts at the maximum over all three axes + 1. transformers 5 takes the maximum of height and width only, so that
    text overlaps a long clip; the published models and this one were not trained so.
    """
    config = self.config.vision_config
    merge, rate = config.spatial_merge_size, config.tokens_per_second
    grids = {1: iter([] if image_grid_thw is None else image_grid_thw.tolist()), 2: iter([] if video_grid_thw is None else video_grid_thw.tolist())}
    seconds = iter([] if second_per_grid_ts is None else second_per_grid_ts.tolist())
    parts, start = [], 0
    for kind, run in itertools.groupby(mm_token_type_ids[0].tolist()):
        left = len(list(run))
        if kind == 0:
            parts.append(torch.arange(left).expand(3, -1) + start)
            start += left
            continue
        while left:
            steps, rows, columns = next(grids[kind])
            times = torch.arange(steps)
            if kind == 2:
                times = (times * torch.tensor(next(seconds), dtype=torch.float32) * rate).long()
            axes = torch.meshgrid(times, torch.arange(rows // merge), torch.arange(columns // merge), indexing="ij")
            parts.append(torch.stack(axes).flatten(1) + start)
            start = int(parts[-1].max()) + 1
            left -= parts[-1].shape[1]
    positions = torch.cat(parts, 1)
    return positions[:, None], torch.tensor([[start - positions.shape[1]]])


class Reference:
    def __init__(self, folder):
        from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        type(self.model.model).get_rope_index = authors_positions
        with open(os.path.join(folder, "preprocessor_config.json")) as file:
            self.config = json.load(file)
        self.processor = Qwen2VLImageProcessorPil(min_pixels=self.config["min_pixels"], max_pixels=self.config["max_pixels"])

    def clip(self, frames):
        """Patches and grid of frames whose size the model takes as it is."""
        frames = frames + frames[-1:] if len(frames) % 2 else frames
        pixels = np.stack([np.asarray(f, np.float32) for f in frames]) / 255
        pixels = (pixels - np.array(self.config["image_mean"], np.float32)) / np.array(self.config["image_std"], np.float32)
        steps, rows, columns = len(frames) // 2, frames[0].height // 14, frames[0].width // 14
        x = pixels.transpose(0, 3, 1, 2).reshape(steps, 2, 3, rows // 2, 2, 14, columns // 2, 2, 14)
        x = x.transpose(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(steps * rows * columns, -1)
        return torch.from_numpy(np.ascontiguousarray(x)), torch.tensor([[steps, rows, columns]])

    def inputs(self, messages, base, numbered):
        """What generate() takes for the messages of one sample."""
        read = lambda path: Image.open(os.path.join(base, path)).convert("RGB")
        parts = [p for m in messages if isinstance(m["content"], list) for p in m["content"]]
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, add_vision_id=numbered)
        feeds, counts = {}, []
        images = [read(p["image"]) for p in parts if p["type"] == "image"]
        if images:
            made = [self.processor(images=[image], return_tensors="pt") for image in images]
            feeds["pixel_values"] = torch.cat([m["pixel_values"] for m in made])
            feeds["image_grid_thw"] = torch.cat([m["image_grid_thw"] for m in made])
            counts += [("<|image_pad|>", int(g.prod()) // 4) for g in feeds["image_grid_thw"]]
        for part in (p for p in parts if p["type"] == "video"):
            feeds["pixel_values_videos"], feeds["video_grid_thw"] = self.clip([read(f) for f in part["video"]])
            feeds["second_per_grid_ts"] = torch.tensor([2 / part["sample_fps"]])
            counts.append(("<|video_pad|>", int(feeds["video_grid_thw"].prod()) // 4))
        for token, count in counts:
            text = text.replace(token, "<|slot|>" * count, 1).replace("<|slot|>", f"<|{token[2:-2]}_done|>")
        text = text.replace("_done|>", "|>")
        ids = torch.tensor([self.tokenizer(text)["input_ids"]])
        config = self.model.config
        kinds = (ids == config.image_token_id).int() + 2 * (ids == config.video_token_id).int()
        return dict(input_ids=ids, attention_mask=torch.ones_like(ids), mm_token_type_ids=kinds, **feeds)

    @torch.no_grad()
    def answer(self, messages, base, numbered=False, limit=160):
        """The text and the ids of the greedy answer."""
        feeds = self.inputs(messages, base, numbered)
        ids = self.model.generate(**feeds, do_sample=False, max_new_tokens=limit)[0, feeds["input_ids"].shape[1] :].tolist()
        return self.tokenizer.decode(ids, skip_special_tokens=True), ids


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", help="folder with samples.jsonl")
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--each", type=int, default=0, help="at most so many samples a task")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    reference, begin, done = Reference(arguments.model), time.time(), {}
    with open(os.path.join(arguments.set, "samples.jsonl")) as file, open(arguments.out, "w") as out:
        for sample in map(json.loads, file):
            done[sample["task"]] = done.get(sample["task"], 0) + 1
            if arguments.each and done[sample["task"]] > arguments.each:
                continue
            text, ids = reference.answer(sample["messages"], arguments.set, sample.get("add_vision_id", False))
            out.write(json.dumps({"id": sample["id"], "answer": text, "token_ids": ids}) + "\n")
            out.flush()
    print(f"{sum(done.values())} samples, {time.time() - begin:.0f} s")


if __name__ == "__main__":
    main()
