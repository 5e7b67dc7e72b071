"""The torch side of tools/bench/vit.mjs: Hugging Face transformers' vision tower in float32 with sdpa attention.

usage: vit_torch.py CHECKPOINT THREADS      reads sizes from stdin, answers each with a line of JSON
"""

import json
import resource
import sys
import time

import torch
from safetensors.torch import load_file
from transformers import AutoConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel

folder, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
start = time.perf_counter()
config = AutoConfig.from_pretrained(folder).vision_config
tower = Qwen2_5_VisionTransformerPretrainedModel._from_config(config, attn_implementation="sdpa").eval()
weights = {k.removeprefix("visual."): v.float() for k, v in load_file(folder + "/model.safetensors").items() if k.startswith("visual.")}
tower.load_state_dict(weights, strict=True)
del weights
a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
best = min((lambda t: (a @ b, time.perf_counter() - t)[1])(time.perf_counter()) for _ in range(9))
print(json.dumps({"load_s": time.perf_counter() - start, "gemm_gflops": 2 * 2048**3 / best / 1e9}), flush=True)

with torch.inference_mode():
    for line in sys.stdin:
        side = int(line) // 14
        index = torch.arange(side * side * 1176, dtype=torch.int64) % 2**20
        pixels = ((index * 2654435761 % 2**32).double() / 2**30 - 2).float().view(-1, 1176)
        grid = torch.tensor([[1, side, side]])
        cpu, begin = time.process_time(), time.perf_counter()
        tokens = tower(pixels, grid_thw=grid).pooler_output
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
        tokens = tokens if torch.is_tensor(tokens) else torch.cat(list(tokens))
        rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"seconds": seconds, "cpu_s": cpu, "rss": rss, "head": tokens.flatten()[:4096].tolist()}), flush=True)
