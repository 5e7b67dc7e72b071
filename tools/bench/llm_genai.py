"""The side of tools/bench/llm-peers.mjs that is onnxruntime-genai.   usage: llm_genai.py MODEL_DIR THREADS PREFILL,... DEPTH,... TOKENS
Prints one JSON object: load_ms, prefill [{tokens, tokens_per_second}], decode [{depth, tokens_per_second}]."""
import json
import sys
import time

import numpy as np
import onnxruntime_genai as og

folder, threads, prefill, depths, tokens = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
numbers = lambda text: [int(part) for part in text.split(",") if part]
start = time.perf_counter()
config = og.Config(folder)
config.overlay(json.dumps({"model": {"decoder": {"session_options": {"intra_op_num_threads": threads}}}}))
model = og.Model(config)
load_ms = round((time.perf_counter() - start) * 1000)


def run(count, new):
    """Seconds of a prompt of `count` tokens, and of `new` further ones."""
    options, length = og.GeneratorParams(model), count + new + 1
    options.set_search_options(max_length=length, min_length=length, do_sample=False)
    generator = og.Generator(model, options)
    ids = (np.arange(count) % 1000).astype(np.int32)
    start = time.perf_counter()
    generator.append_tokens(ids)
    generator.generate_next_token()
    middle = time.perf_counter()
    for _ in range(new):
        generator.generate_next_token()
    return middle - start, time.perf_counter() - middle


run(16, 2)
report = dict(load_ms=load_ms, prefill=[], decode=[])
for count in numbers(prefill):
    report["prefill"].append(dict(tokens=count, tokens_per_second=count / run(count, 0)[0]))
for depth in numbers(depths):
    report["decode"].append(dict(depth=depth, tokens_per_second=tokens / run(max(depth, 1), tokens)[1]))
print(json.dumps(report))
