"""Golden files of @vlmkit/checkpoint: how transformers reads configs, and a file written by the safetensors library.

usage: python tools/golden/checkpoint.py            (needs torch, transformers 5, safetensors, numpy)
writes fixtures/checkpoint/configs.json and fixtures/checkpoint/every-dtype.safetensors
"""
import json
import pathlib
import tempfile

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, GenerationConfig

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "checkpoint"

# The shapes of the published 3B, 2B and 0.5B checkpoints, in their flat layout.
QWEN2_5_VL = {
    "architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl", "attention_dropout": 0.0,
    "bos_token_id": 151643, "eos_token_id": 151645, "vision_start_token_id": 151652, "vision_end_token_id": 151653,
    "vision_token_id": 151654, "image_token_id": 151655, "video_token_id": 151656, "hidden_act": "silu",
    "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 11008, "max_position_embeddings": 128000,
    "max_window_layers": 70, "num_attention_heads": 16, "num_hidden_layers": 36, "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 32768, "tie_word_embeddings": True,
    "torch_dtype": "bfloat16", "use_cache": True, "use_sliding_window": False, "vocab_size": 151936,
    "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]},
    "vision_config": {"depth": 32, "hidden_act": "silu", "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
                      "in_chans": 3, "out_hidden_size": 2048, "patch_size": 14, "spatial_merge_size": 2,
                      "spatial_patch_size": 14, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31],
                      "tokens_per_second": 2, "temporal_patch_size": 2},
}
QWEN2_VL = {
    **{k: v for k, v in QWEN2_5_VL.items() if k != "vision_config"}, "architectures": ["Qwen2VLForConditionalGeneration"],
    "model_type": "qwen2_vl", "hidden_size": 1536, "intermediate_size": 8960, "num_attention_heads": 12,
    "num_hidden_layers": 28, "max_position_embeddings": 32768,
    "vision_config": {"depth": 32, "embed_dim": 1280, "mlp_ratio": 4, "num_heads": 16, "in_chans": 3, "hidden_size": 1536,
                      "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14, "temporal_patch_size": 2},
}
QWEN2 = {
    "architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643, "eos_token_id": 151645,
    "hidden_act": "silu", "hidden_size": 896, "initializer_range": 0.02, "intermediate_size": 4864,
    "max_position_embeddings": 32768, "max_window_layers": 21, "model_type": "qwen2", "num_attention_heads": 14,
    "num_hidden_layers": 24, "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0,
    "sliding_window": 32768, "tie_word_embeddings": True, "torch_dtype": "bfloat16", "use_cache": True,
    "use_sliding_window": False, "vocab_size": 151936,
}


def without(config, *names):
    return {k: v for k, v in config.items() if k not in names}


def bare_vision(config, *names):
    return {**config, "vision_config": without(config["vision_config"], *names)}


CASES = {
    "qwen2.5-vl, published": QWEN2_5_VL,
    "qwen2-vl, published": QWEN2_VL,
    "qwen2, published": QWEN2,
    "qwen2.5-vl, optional fields left out": bare_vision(
        without(QWEN2_5_VL, "rms_norm_eps", "rope_theta", "max_position_embeddings", "hidden_act", "use_sliding_window",
                "image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id", "tie_word_embeddings"),
        "hidden_act", "in_chans", "patch_size", "spatial_merge_size", "temporal_patch_size", "window_size",
        "fullatt_block_indexes", "tokens_per_second"),
    "qwen2-vl, optional fields left out": bare_vision(
        without(QWEN2_VL, "rms_norm_eps", "rope_theta", "max_position_embeddings"), "mlp_ratio", "in_chans", "patch_size"),
    "qwen2, optional fields left out": without(
        QWEN2, "rms_norm_eps", "rope_theta", "max_position_embeddings", "hidden_act", "tie_word_embeddings"),
}


def expected(config):
    text = config.get_text_config()
    rope = text.rope_parameters
    result = {
        "vocabSize": text.vocab_size, "hiddenSize": text.hidden_size, "intermediateSize": text.intermediate_size,
        "numHiddenLayers": text.num_hidden_layers, "numAttentionHeads": text.num_attention_heads,
        "numKeyValueHeads": text.num_key_value_heads, "hiddenAct": text.hidden_act, "rmsNormEps": text.rms_norm_eps,
        "ropeTheta": rope["rope_theta"], "maxPositionEmbeddings": text.max_position_embeddings,
    }
    if "mrope_section" in rope:
        result["mropeSection"] = rope["mrope_section"]
    out = {"text": result, "tieWordEmbeddings": config.tie_word_embeddings}
    vision = getattr(config, "vision_config", None)
    if vision is not None:
        gated = config.model_type == "qwen2_5_vl"
        width = vision.hidden_size if gated else vision.embed_dim
        out["vision"] = {
            "depth": vision.depth, "hiddenSize": width, "numHeads": vision.num_heads, "hiddenAct": vision.hidden_act,
            "intermediateSize": vision.intermediate_size if gated else int(width * vision.mlp_ratio),
            "outHiddenSize": vision.out_hidden_size if gated else vision.hidden_size, "inChannels": vision.in_channels,
            "patchSize": vision.patch_size, "temporalPatchSize": vision.temporal_patch_size,
            "spatialMergeSize": vision.spatial_merge_size,
        }
        if gated:
            out["vision"]["tokensPerSecond"] = vision.tokens_per_second
            out["vision"]["window"] = {"windowSize": vision.window_size,
                                       "fullAttentionBlocks": list(vision.fullatt_block_indexes)}
        out["tokens"] = {"image": config.image_token_id, "video": config.video_token_id}
    return out


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    cases = []
    for name, stated in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "config.json").write_text(json.dumps(stated))
            config = AutoConfig.from_pretrained(folder)
            cases.append({"name": name, "config": stated, "expected": expected(config)})
            config.save_pretrained(folder)       # the nested layout, as transformers 5 writes it
            nested = json.loads(pathlib.Path(folder, "config.json").read_text())
            cases.append({"name": f"{name}, saved again", "config": nested, "expected": expected(config)})
    defaults = GenerationConfig()
    generation = {"temperature": 1.0, "topK": 50, "topP": 1.0, "repetitionPenalty": 1.0, "doSample": False}
    stated = {k: getattr(defaults, p) for k, p in (("temperature", "temperature"), ("topK", "top_k"), ("topP", "top_p"),
                                                   ("repetitionPenalty", "repetition_penalty"), ("doSample", "do_sample"))}
    assert all(v is None or v == generation[k] for k, v in stated.items()), stated
    (OUT / "configs.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")

    values = torch.tensor([[0, 1, 2], [3, 100, 7]])
    tensors = {str(d).split(".")[1]: values.to(d) for d in
               (torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.int8, torch.bool)}
    tensors["scalar"] = torch.tensor(1.5)
    tensors["empty"] = torch.zeros(0, 4)
    save_file(tensors, OUT / "every-dtype.safetensors", metadata={"format": "pt"})


main()
