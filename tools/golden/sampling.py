"""Reference values for the sampling of packages/qwen-llm: fixtures/sampling/processors.json.

usage: python tools/golden/sampling.py        (pip: torch, transformers, numpy)

The processors and their order are those of `generate` itself; presence and frequency
penalties, which transformers lacks, are added as custom processors after OpenAI's definition.
"""

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from transformers import GenerationConfig, LogitsProcessor
from transformers.generation.utils import GenerationMixin


OUT = Path(__file__).resolve().parents[2] / "fixtures" / "sampling"


class OccurrencePenalties(LogitsProcessor):
    def __init__(self, prompt_length, frequency, presence):
        self.prompt_length, self.frequency, self.presence = prompt_length, frequency, presence

    def __call__(self, input_ids, scores):
        generated = input_ids[:, self.prompt_length :]
        counts = torch.zeros_like(scores).scatter_add_(1, generated, torch.ones_like(generated, dtype=scores.dtype))
        scores = scores - torch.tensor(self.frequency) * counts
        return scores - torch.tensor(self.presence) * (counts > 0)


class Model(GenerationMixin):
    def __init__(self):
        self.config = SimpleNamespace(is_encoder_decoder=False)


def processed(options, prompt, generated, logits):
    config = GenerationConfig(
        do_sample=options.get("doSample", False),
        temperature=options.get("temperature", 1.0),
        top_k=options.get("topK", 0),
        top_p=options.get("topP", 1.0),
        min_p=options.get("minP"),
        repetition_penalty=options.get("repetitionPenalty", 1.0),
        sequence_bias={(int(i),): float(b) for i, b in options["logitBias"].items()} if "logitBias" in options else None,
        suppress_tokens=options.get("bannedIds"),
    )
    penalties = OccurrencePenalties(
        len(prompt), options.get("frequencyPenalty", 0.0), options.get("presencePenalty", 0.0)
    )
    processors = Model()._get_logits_processor(
        generation_config=config, input_ids_seq_length=len(prompt), logits_processor=[penalties], device="cpu"
    )
    return processors(torch.tensor([prompt + generated]), torch.tensor([logits], dtype=torch.float32))[0]


def cases():
    rng = np.random.default_rng(20250101)
    warpers = [
        dict(zip(["temperature", "topK", "topP", "minP"], values))
        for values in itertools.product([1.0, 0.7, 1.9], [0, 1, 7], [1.0, 0.9, 0.35], [None, 0.08])
    ]
    extras = [
        {},
        {"repetitionPenalty": 1.1},
        {"repetitionPenalty": 0.8, "presencePenalty": 0.6},
        {"frequencyPenalty": 0.35, "presencePenalty": -0.4},
        {"repetitionPenalty": 1.3, "frequencyPenalty": 1.2, "logitBias": {"3": 4.5, "17": -6.25, "20": 0.1}},
        {"bannedIds": [0, 5, 6, 30, 31], "logitBias": {"5": 50.0}},
    ]
    for index, warper in enumerate(warpers):
        options = {key: value for key, value in warper.items() if value is not None}
        yield make_case(rng, {"doSample": True, **options, **extras[index % len(extras)]}, ties=index % 4 == 3)
    for extra in extras:
        yield make_case(rng, extra, ties=False)
    # The published defaults of Qwen2.5-VL, and sampling from a nearly flat distribution.
    yield make_case(rng, {"doSample": True, "temperature": 1e-6, "topK": 1, "topP": 0.001, "repetitionPenalty": 1.05}, ties=False)
    yield make_case(rng, {"doSample": True, "temperature": 50.0, "topP": 0.5}, ties=False)
    yield make_case(rng, {"doSample": True, "temperature": 0.01, "topP": 0.99, "minP": 0.5}, ties=False)
    # Biases that float32 rounds, and the token that a top-p of 0 leaves.
    biases = {str(id): -3.3 + id / 7 for id in range(40)}
    for extra in [{}, {"doSample": True, "temperature": 0.8}, {"doSample": True, "topP": 0.0}]:
        yield make_case(rng, {**extra, "logitBias": biases}, ties=False)


def make_case(rng, options, ties):
    size = 40
    logits = rng.normal(0, 3, size)
    # Equal scores are common in quantised models: rounding to halves makes many.
    logits = (np.round(logits * 2) / 2 if ties else np.round(logits, 3)).tolist()
    prompt = rng.integers(0, size, 12).tolist()
    generated = rng.integers(0, size, 10).tolist() + [7, 7, 7]
    scores = processed(options, prompt, generated, logits)
    log_probabilities = torch.log_softmax(torch.tensor(logits, dtype=torch.float32).double(), -1)
    top = torch.topk(log_probabilities, 5).values.tolist()
    finite = [None if s == -float("inf") else float(s) for s in scores]
    return {
        "options": options,
        "prompt": prompt,
        "generated": generated,
        "logits": logits,
        "scores": finite,
        "argmax": int(scores.argmax()),
        "topLogprobs": top,
    }


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases())
    (OUT / "processors.json").write_text(f"[\n{lines}\n]\n")
