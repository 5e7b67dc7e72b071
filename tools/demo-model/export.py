"""Writes trained weights as an ordinary Hugging Face folder, in the layout of the published Qwen2.5-VL checkpoints."""
import argparse
import json
import os
import shutil

import torch

import model
from model import Size, special

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.json", "chat_template.jinja", "vocab.json", "merges.txt")
MOST_BYTES = 12_000_000


def published_name(name):
    """Names of transformers 5's modules -> names in the published files."""
    if name.startswith("model.visual."):
        return name.removeprefix("model.")
    return "model." + name.removeprefix("model.language_model.") if name.startswith("model.language_model.") else name


def module_name(name):
    return f"model.{name}" if name.startswith("visual.") else "model.language_model." + name.removeprefix("model.")


def config(size, dtype):
    """config.json in the flat form of the published checkpoints."""
    c = model.build_config(size)
    return {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"], "attention_dropout": 0.0,
        "bos_token_id": special("<|endoftext|>"), "eos_token_id": special("<|im_end|>"),
        "vision_start_token_id": c.vision_start_token_id, "vision_end_token_id": c.vision_end_token_id,
        "vision_token_id": special("<|vision_pad|>"), "image_token_id": c.image_token_id, "video_token_id": c.video_token_id,
        "hidden_act": "silu", "hidden_size": size.hidden, "initializer_range": 0.02, "intermediate_size": size.intermediate,
        "max_position_embeddings": 2048, "max_window_layers": size.layers, "model_type": "qwen2_5_vl",
        "num_attention_heads": size.heads, "num_hidden_layers": size.layers, "num_key_value_heads": size.kv_heads,
        "rms_norm_eps": 1e-6, "rope_theta": size.rope_theta, "sliding_window": 2048, "tie_word_embeddings": True,
        "torch_dtype": dtype, "use_cache": True, "use_sliding_window": False,
        "vision_config": {
            "depth": size.vision_layers, "hidden_act": "silu", "hidden_size": size.vision_hidden,
            "intermediate_size": size.vision_intermediate, "num_heads": size.vision_heads, "in_chans": 3, "in_channels": 3,
            "out_hidden_size": size.hidden, "patch_size": model.PATCH, "spatial_merge_size": model.MERGE, "spatial_patch_size": model.PATCH,
            "window_size": 112, "fullatt_block_indexes": list(size.full_attention), "tokens_per_second": 2,
            "temporal_patch_size": model.TEMPORAL_PATCH, "model_type": "qwen2_5_vl",
        },
        "rope_scaling": {"type": "mrope", "mrope_section": list(size.mrope_section)}, "vocab_size": model.VOCABULARY,
    }


def processors():
    """{file name: content} of the picture and video processors."""
    shared = {
        "patch_size": model.PATCH, "temporal_patch_size": model.TEMPORAL_PATCH, "merge_size": model.MERGE,
        "image_mean": list(model.IMAGE_MEAN), "image_std": list(model.IMAGE_STD), "processor_class": "Qwen2_5_VLProcessor",
    }
    video = {"min_pixels": model.MIN_PIXELS, "max_pixels": model.VIDEO_MAX_PIXELS}
    return {
        "preprocessor_config.json": {"min_pixels": model.MIN_PIXELS, "max_pixels": model.MAX_PIXELS, "image_processor_type": "Qwen2VLImageProcessor", **shared},
        "video_preprocessor_config.json": {**video, "frame_limits": video, "video_processor_type": "Qwen2VLVideoProcessor", **shared},
    }


def export(state, tokenizer, folder, dtype="bfloat16", size=Size()):
    """Writes the folder; the weights file is renamed into place last."""
    from safetensors.torch import save_file

    os.makedirs(folder, exist_ok=True)
    kind = getattr(torch, dtype)
    weights = {}
    for name, (offset, shape) in state.places.items():
        if name.startswith("model."):
            values = state.parameters[offset : offset + torch.Size(shape).numel()].view(shape)
            weights[published_name(name.removeprefix("model."))] = values.to(kind).contiguous().clone()
    total = sum(w.numel() * w.element_size() for w in weights.values())
    if dtype == "bfloat16" and total > MOST_BYTES:
        raise ValueError(f"The weights are {total} bytes; the package takes at most {MOST_BYTES}.")
    for file in TOKENIZER_FILES:
        if os.path.abspath(tokenizer) != os.path.abspath(folder):
            shutil.copy(os.path.join(tokenizer, file), folder)
    stops = [special("<|im_end|>"), special("<|endoftext|>")]
    written = {
        "config.json": config(size, dtype),
        "generation_config.json": {"bos_token_id": stops[1], "pad_token_id": stops[1], "do_sample": False, "eos_token_id": stops},
        **processors(),
    }
    for file, content in written.items():
        with open(os.path.join(folder, file), "w") as out:
            json.dump(content, out, indent=2)
    path = os.path.join(folder, "model.safetensors")
    save_file(weights, path + ".part", metadata={"format": "pt"})
    os.replace(path + ".part", path)
    print(f"{folder}: {sum(w.numel() for w in weights.values())} parameters, {os.path.getsize(path)} bytes, {state.total} steps")


def export_probes(state, path):
    """Writes the heads that exist during training only, so that a later training can start from the exported folder and these."""
    from safetensors.torch import save_file

    probes = {}
    for name, (offset, shape) in state.places.items():
        if name.startswith("heads."):
            probes[name] = state.parameters[offset : offset + torch.Size(shape).numel()].view(shape).clone()
    save_file(probes, path + ".part")
    os.replace(path + ".part", path)


def main():
    from state import load

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state", help="state.pt of a training")
    parser.add_argument("folder", help="the folder to write")
    parser.add_argument("--dtype", default="bfloat16", choices=("bfloat16", "float16", "float32"))
    parser.add_argument("--tokenizer", default=model.TOKENIZER_FOLDER)
    parser.add_argument("--probes", help="also write the training's probes to this file")
    arguments = parser.parse_args()
    state = load(arguments.state)
    export(state, arguments.tokenizer, arguments.folder, arguments.dtype)
    if arguments.probes:
        export_probes(state, arguments.probes)


if __name__ == "__main__":
    main()
