"""The model: its configuration, its processor's numbers, and Hugging Face's module as the container of its weights."""
import os
from dataclasses import dataclass

import torch
from torch import nn

from data.targets import CHARS_PER_CELL, TEXT_KIND
from data.world import CELL, CHARS, COLOR_NAMES, MAX_CELLS

SYSTEM_PROMPT = "You are a helpful assistant."
BASE_TOKENS = 1010  # 256 bytes + 754 merges
SPECIAL_TOKENS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
    "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
)
VOCABULARY = BASE_TOKENS + len(SPECIAL_TOKENS)
TOKENIZER_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "packages", "demo-model", "checkpoint")

IMAGE_MEAN = (0.48145466, 0.4578275, 0.40821073)
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)
PATCH, MERGE, TEMPORAL_PATCH = 14, 2, 2
MIN_PIXELS, MAX_PIXELS = 9 * CELL * CELL, MAX_CELLS * CELL * CELL
VIDEO_MAX_PIXELS = 16 * CELL * CELL


def special(token):
    return BASE_TOKENS + SPECIAL_TOKENS.index(token)


@dataclass(frozen=True)
class Size:
    """What of the architecture is free to choose. The default has 3.6 million parameters, 7.3 MB in bfloat16."""

    hidden: int = 192
    intermediate: int = 384
    layers: int = 6
    heads: int = 6
    kv_heads: int = 2
    vision_hidden: int = 128
    vision_intermediate: int = 256
    vision_layers: int = 6
    vision_heads: int = 4
    full_attention: tuple = (2, 5)  # vision layers that attend over the whole frame; the others stay in 112-pixel windows
    rope_theta: float = 16.0  # at 1e6 a head of 32 has no usable width frequencies
    mrope_section: tuple = (4, 6, 6)


def build_config(size):
    from transformers import Qwen2_5_VLConfig

    return Qwen2_5_VLConfig(
        text_config=dict(
            vocab_size=VOCABULARY, hidden_size=size.hidden, intermediate_size=size.intermediate, num_hidden_layers=size.layers,
            num_attention_heads=size.heads, num_key_value_heads=size.kv_heads, hidden_act="silu", max_position_embeddings=2048,
            rms_norm_eps=1e-6, tie_word_embeddings=True, use_sliding_window=False, initializer_range=0.02, pad_token_id=None,
            bos_token_id=special("<|endoftext|>"), eos_token_id=special("<|im_end|>"),
            rope_parameters={"rope_type": "default", "rope_theta": size.rope_theta, "mrope_section": list(size.mrope_section)},
        ),
        vision_config=dict(
            depth=size.vision_layers, hidden_size=size.vision_hidden, hidden_act="silu", intermediate_size=size.vision_intermediate,
            num_heads=size.vision_heads, in_channels=3, patch_size=PATCH, spatial_merge_size=MERGE, temporal_patch_size=TEMPORAL_PATCH,
            tokens_per_second=2, window_size=112, out_hidden_size=size.hidden, fullatt_block_indexes=list(size.full_attention),
            initializer_range=0.02,
        ),
        image_token_id=special("<|image_pad|>"), video_token_id=special("<|video_pad|>"),
        vision_start_token_id=special("<|vision_start|>"), vision_end_token_id=special("<|vision_end|>"), tie_word_embeddings=True,
    )


def build_model(size, seed):
    """Qwen2_5_VLForConditionalGeneration with random float32 weights."""
    from transformers import Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(seed)
    return Qwen2_5_VLForConditionalGeneration(build_config(size)).float()


class Heads(nn.Module):
    """Linear probes that exist during training only.

    vision [hidden -> kinds, colours, box, characters, centre] reads the merged vision tokens; place [-> box, row, column] reads them
    inside the decoder; number [-> pixel, count] reads the decoder where an answer states a number.
    """

    KINDS = TEXT_KIND + 1
    COLORS = len(COLOR_NAMES)
    LETTERS = len(CHARS) + 1
    PLACES = 12

    def __init__(self, size, seed):
        super().__init__()
        torch.manual_seed(seed + 1)
        self.vision = nn.Linear(size.hidden, self.KINDS + self.COLORS + 4 + CHARS_PER_CELL * self.LETTERS + 1)
        self.place = nn.Linear(size.hidden, 4 + 2 * self.PLACES)
        self.number = nn.Linear(size.hidden, 2)
        for layer in (self.vision, self.place, self.number):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
