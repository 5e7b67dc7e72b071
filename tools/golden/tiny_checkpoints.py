"""Tiny checkpoints of the real architectures whose weights are a formula, so that a repository can hold them as headers alone.

Element i of a tensor is offset + scale * k / 2^(bits-1), k = (mix(i * 2654435761 + seed) >> (32 - bits)) - 2^(bits-1), where seed is the
FNV-1a hash of the tensor's stored name and mix is the finalizer of 32-bit MurmurHash3. `bits` is so small that every value is exact
in the tensor's type. Scales are wider than a fresh model's: with those, attention is flat and mistakes drown in the residual.
"""
import json
import pathlib
import struct

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import (Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Config, Qwen2ForCausalLM, Qwen2VLConfig,
                          Qwen2VLForConditionalGeneration)

# Special tokens of the demo model's tokenizer, which has 1024 entries.
END_OF_TEXT, IM_END, VISION_START, VISION_END, IMAGE, VIDEO, VOCABULARY = 1010, 1012, 1019, 1020, 1022, 1023, 1024
MODELS = {
    "qwen2_5_vl": (Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration),
    "qwen2_vl": (Qwen2VLConfig, Qwen2VLForConditionalGeneration),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
}
BITS = {"F32": 21, "F16": 9, "BF16": 6}


def text_config(*, heads, kv_heads, head_dim, layers, intermediate, theta, tied):
    return dict(vocab_size=VOCABULARY, hidden_size=heads * head_dim, intermediate_size=intermediate, num_hidden_layers=layers,
                num_attention_heads=heads, num_key_value_heads=kv_heads, max_position_embeddings=4096, rms_norm_eps=1e-6, rope_theta=theta,
                tie_word_embeddings=tied, hidden_act="silu", bos_token_id=END_OF_TEXT, eos_token_id=IM_END, use_sliding_window=False)


def mrope(head_dim):
    """Unequal thirds, in the proportion of the published models (16, 24, 24 of 64)."""
    half = head_dim // 2
    time = half // 4
    return [time, (half - time) // 2, half - time - (half - time) // 2]


def weight_values(name, dtype, count, scale, offset):
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 & 0xFFFFFFFF
    x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed)
    x = (x ^ x >> np.uint32(16)) * np.uint32(2246822507)
    x = (x ^ x >> np.uint32(13)) * np.uint32(3266489909)
    x ^= x >> np.uint32(16)
    bits = BITS[dtype]
    k = (x >> np.uint32(32 - bits)).astype(np.float64) - 2 ** (bits - 1)
    return (offset + scale * k / 2 ** (bits - 1)).astype(np.float32)


def scale_and_offset(name, shape):
    """Powers of two, so that scaling is exact."""
    if len(shape) == 1:
        return (0.25, 1.0) if "norm" in name or "ln_q" in name else (0.125, 0.0)
    if "embed_tokens" in name:
        return 0.125, 0.0
    fan_in = int(np.prod(shape[1:]))
    gain = 1.5 if any(part in name for part in ("q_proj", "k_proj", "qkv")) else 1.0
    return 2.0 ** round(float(np.log2(gain * 3**0.5 / fan_in**0.5))), 0.0


def fill(path):
    """Replaces the values of a safetensors file by the formula's. Returns its header and the scales and offsets by tensor."""
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header, body, formula = data[8 : 8 + length], bytearray(data[8 + length :]), {}
    for name, entry in json.loads(header).items():
        if name == "__metadata__":
            continue
        scale, offset = formula[name] = scale_and_offset(name, entry["shape"])
        values = torch.from_numpy(weight_values(name, entry["dtype"], int(np.prod(entry["shape"])), scale, offset))
        stored = values.to({"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}[entry["dtype"]])
        assert torch.equal(stored.float(), values), name
        body[slice(*entry["data_offsets"])] = stored.view(torch.uint8).numpy().tobytes()
    path.write_bytes(data[: 8 + length] + body)
    return header.decode(), formula


def published_name(name):
    return name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")


def publish(folder, family, text, vision, ids, dtype):
    """Rewrites a folder of transformers 5 with the flat config and the tensor names of the published checkpoints."""
    for file in folder.glob("*.safetensors"):
        save_file({published_name(k): v for k, v in load_file(file).items()}, file, metadata={"format": "pt"})
    index = folder / "model.safetensors.index.json"
    if index.exists():
        stated = json.loads(index.read_text())
        stated["weight_map"] = {published_name(k): v for k, v in stated["weight_map"].items()}
        index.write_text(json.dumps(stated))
    flat = {**text, **ids, "architectures": [MODELS[family][1].__name__], "model_type": family, "torch_dtype": dtype, "use_cache": True,
            "attention_dropout": 0.0, "sliding_window": 4096, "max_window_layers": text["num_hidden_layers"], "vision_config": vision}
    (folder / "config.json").write_text(json.dumps(flat))


def make(folder, *, family, layout, dtype, text, vision=None, shard=None, pixels=(3136, 12845056)):
    """Writes a checkpoint folder. Returns what makes it again: its JSON files, the headers of its weights, and the formula's parameters."""
    folder = pathlib.Path(folder)
    config_class, model_class = MODELS[family]
    text = dict(text)
    head_dim = text["hidden_size"] // text["num_attention_heads"]
    ids = dict(vision_start_token_id=VISION_START, vision_end_token_id=VISION_END, image_token_id=IMAGE, video_token_id=VIDEO)
    if vision is None:
        config, ids = config_class(**text), {}
    else:
        text["rope_scaling"] = {"type": "mrope", "mrope_section": mrope(head_dim)}
        vision = dict(vision)
        width = "out_hidden_size" if family == "qwen2_5_vl" else "hidden_size"
        vision[width] = text["hidden_size"]
        config = config_class(text_config=json.loads(json.dumps(text)), vision_config=dict(vision), tie_word_embeddings=text["tie_word_embeddings"], **ids)
    model_class(config).to(getattr(torch, dtype)).save_pretrained(folder, max_shard_size=shard or "1GB")
    if layout == "published" and vision is not None:
        publish(folder, family, text, vision, ids, dtype)
    elif layout == "published":
        (folder / "config.json").write_text(json.dumps({**text, "architectures": ["Qwen2ForCausalLM"], "model_type": family, "torch_dtype": dtype}))
    files = {"generation_config.json": {"bos_token_id": END_OF_TEXT, "eos_token_id": [IM_END, END_OF_TEXT], "do_sample": False}}
    if vision is not None:
        files["preprocessor_config.json"] = {
            "min_pixels": pixels[0], "max_pixels": pixels[1], "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
            "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
            "image_processor_type": "Qwen2VLImageProcessor"}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    headers, formula = {}, {}
    for file in sorted(folder.glob("*.safetensors")):
        headers[file.name], parameters = fill(file)
        formula |= parameters
    return {"files": {file.name: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}, "headers": headers, "formula": formula}
