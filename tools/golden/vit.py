"""Remakes fixtures/vit: tiny vision towers with random weights, and what Hugging Face transformers computes with them.

    python tools/golden/vit.py            (needs torch, transformers, safetensors)

Every folder is a checkpoint that holds the vision tensors only; beside it expected/model.safetensors:
  N.grid [3]            a grid; its patches are value i = ((i * 2654435761) mod 2^32) / 2^30 - 2
  N.tokens [v, h]       after the merger
  0.features [p, e]     before the merger, in the order of the patches
"""

import json
import pathlib
import sys
import types

import torch
from safetensors.torch import save_file

sys.modules.setdefault("torchvision", None)
from transformers import Qwen2_5_VLConfig, Qwen2VLConfig  # noqa: E402
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel  # noqa: E402
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VisionTransformerPretrainedModel  # noqa: E402
from transformers.vision_utils import get_vision_window_index  # noqa: E402

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "vit"

CASES = {
    # The published patch and window sizes; published tensor names.
    "windowed-bf16": dict(
        family="qwen2_5_vl", seed=1, dtype=torch.bfloat16, prefix="visual.",
        vision=dict(depth=4, hidden_size=24, intermediate_size=36, num_heads=2, out_hidden_size=16, patch_size=14,
                    temporal_patch_size=2, in_channels=3, window_size=112, fullatt_block_indexes=[1, 3], hidden_act="silu",
                    spatial_merge_size=2, tokens_per_second=2),
        grids=[(1, 10, 14), (1, 16, 16), (3, 4, 12), (1, 2, 2), (1, 2, 26)],
    ),
    # Other sizes everywhere; the names of transformers 5.
    "windowed-f32": dict(
        family="qwen2_5_vl", seed=2, dtype=torch.float32, prefix="model.visual.",
        vision=dict(depth=3, hidden_size=16, intermediate_size=20, num_heads=4, out_hidden_size=8, patch_size=4,
                    temporal_patch_size=1, in_channels=2, window_size=24, fullatt_block_indexes=[0], hidden_act="silu",
                    spatial_merge_size=2, tokens_per_second=2),
        grids=[(2, 8, 10), (1, 6, 6), (1, 14, 4)],
    ),
    "plain-f16": dict(
        family="qwen2_vl", seed=3, dtype=torch.float16, prefix="visual.",
        vision=dict(depth=3, embed_dim=24, hidden_size=16, mlp_ratio=2, num_heads=2, patch_size=6, temporal_patch_size=2,
                    in_channels=3, hidden_act="quick_gelu", spatial_merge_size=2),
        grids=[(1, 8, 6), (3, 4, 6), (1, 2, 2)],
    ),
}


def patches(count: int, width: int) -> torch.Tensor:
    index = torch.arange(count * width, dtype=torch.int64)
    return ((index * 2654435761 % 2**32).double() / 2**30 - 2).float().view(count, width)


def text_config(width: int) -> dict:
    return dict(vocab_size=64, hidden_size=width, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
                num_key_value_heads=1, rms_norm_eps=1e-6, rope_theta=1e6, max_position_embeddings=128, hidden_act="silu",
                tie_word_embeddings=True, rope_scaling={"type": "mrope", "mrope_section": [1, 1, width // 2 - 2]})


def make(name: str, case: dict) -> None:
    folder = OUT / name
    (folder / "expected").mkdir(parents=True, exist_ok=True)
    windowed = case["family"] == "qwen2_5_vl"
    config = (Qwen2_5_VLConfig if windowed else Qwen2VLConfig)(vision_config=dict(case["vision"])).vision_config
    config._attn_implementation = "eager"
    torch.manual_seed(case["seed"])
    tower = (Qwen2_5_VisionTransformerPretrainedModel if windowed else Qwen2VisionTransformerPretrainedModel)(config).eval()
    width = case["vision"]["out_hidden_size" if windowed else "hidden_size"]
    with torch.no_grad():  # transformers' initial weights are too small to tell right from wrong
        for key, weight in tower.named_parameters():
            scale = 1.0 / weight[0].numel() ** 0.5 if weight.ndim > 1 else 0.2
            weight.copy_(torch.randn_like(weight) * scale * (1.5 if "qkv.weight" in key else 1))
            if weight.ndim == 1 and key.endswith("weight"):
                weight.add_(1)
            weight.copy_(weight.to(case["dtype"]).float())
    save_file({case["prefix"] + k: v.to(case["dtype"]).contiguous() for k, v in tower.state_dict().items()},
              folder / "model.safetensors", metadata={"format": "pt"})
    ids = dict(vision_start_token_id=1, vision_end_token_id=2, image_token_id=3, video_token_id=4)
    (folder / "config.json").write_text(json.dumps(
        {"model_type": case["family"], **text_config(width), **ids, "vision_config": case["vision"]}, indent=1) + "\n")
    vision = case["vision"]
    values = vision["in_channels"] * vision["temporal_patch_size"] * vision["patch_size"] ** 2
    expected = {}
    with torch.inference_mode():
        for index, grid in enumerate(case["grids"]):
            thw = torch.tensor([grid])
            result = tower(patches(grid[0] * grid[1] * grid[2], values), grid_thw=thw)
            expected[f"{index}.grid"] = torch.tensor(grid)
            tokens, features = result.pooler_output, result.last_hidden_state
            expected[f"{index}.tokens"] = tokens if torch.is_tensor(tokens) else torch.cat(list(tokens))
            if index == 0:
                if windowed:  # transformers leaves these in window order
                    order, _ = get_vision_window_index(thw, 2, vision["window_size"], vision["patch_size"])
                    units = torch.empty_like(features).view(len(order), 4, -1)
                    units[order] = features.view(len(order), 4, -1)
                    features = units.view_as(features)
                expected["0.features"] = features
    save_file({k: v.clone().contiguous() for k, v in expected.items()}, folder / "expected" / "model.safetensors")
    for file in folder.rglob("*.*"):
        file.chmod(0o644)
    print(name, {k: list(v.shape) for k, v in expected.items()})


for name, case in CASES.items():
    make(name, case)
