"""Makes the demo model: three stages, then the export. One command, resumable at any time.

  python recipe.py                              all stages from random weights, in ./out
  python recipe.py --background                 the same, quietly beside other work; log in out/train.log
  python recipe.py --resume                     goes on where out/state.pt stands
  python recipe.py --from ../../packages/demo-model/checkpoint --probes probes.safetensors --no-curriculum
                                                the published weights, trained on
"""
import argparse
import os
import sys
from dataclasses import replace

import torch

from background import be_quiet, detach
from export import export, export_probes
from model import TOKENIZER_FOLDER
from stages import STAGES
from state import from_checkpoint, load, new_state
from train import Options, train


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="out", help="folder of the state, the log, the curves and the checkpoint")
    parser.add_argument("--resume", action="store_true", help="go on from the state in --out")
    parser.add_argument("--from", dest="start", help="start from an exported folder's weights, or from another training's state.pt")
    parser.add_argument("--probes", help="with --from FOLDER: the probes of the training that made it")
    parser.add_argument("--stage", choices=[s.name for s in STAGES], help="begin with this stage (default: the first, or the resumed one)")
    parser.add_argument("--only", action="store_true", help="run that one stage only")
    parser.add_argument("--steps", type=int, default=0, help="steps a stage: deterministic (default: the stage's own)")
    parser.add_argument("--minutes", type=float, default=0, help="minutes a stage instead of steps: not deterministic")
    parser.add_argument("--rate", type=float, default=0, help="peak learning rate instead of the stage's")
    parser.add_argument("--no-curriculum", action="store_true", help="full difficulty from the start, for weights that know the basics")
    parser.add_argument("--stop-after", type=int, default=0, help="leave after so many steps, to be resumed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", type=int, default=0, help="parts of a step's batch (default: 2, on a card 16)")
    parser.add_argument("--scale", type=float, default=0.75, help="size of a part")
    parser.add_argument("--processes", type=int, default=0, help="training processes on a CPU (default: the cores, at most the parts)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto", help="of matrix products (auto: bfloat16 where the hardware has it)")
    parser.add_argument("--tokenizer", default=TOKENIZER_FOLDER)
    parser.add_argument("--save-every", type=float, default=5, help="minutes")
    parser.add_argument("--evaluate-every", type=float, default=20, help="minutes")
    parser.add_argument("--background", action="store_true", help="detach and run at the lowest priority")
    parser.add_argument("--quiet", action="store_true", help="run at the lowest priority, without detaching")
    return parser.parse_args(arguments)


def hardware(a):
    """(device, parts, processes, loaders, bfloat16) that the arguments and the machine give."""
    device = ("cuda" if torch.cuda.is_available() else "cpu") if a.device == "auto" else a.device
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fast = device == "cuda" or torch.backends.cpu.get_cpu_capability() == "AVX512" and torch.cpu._is_avx512_bf16_supported()
    bfloat16 = fast if a.precision == "auto" else a.precision == "bfloat16"
    parts = a.parts or (16 if device == "cuda" else 2)
    if device == "cuda":
        return device, parts, 1, max(1, cores - 1), bfloat16
    return device, parts, min(parts, a.processes or cores), 0, bfloat16


def starting_state(a, parts):
    if a.resume:
        state = load(os.path.join(a.out, "state.pt"))
        if a.parts and a.parts != state.parts:
            raise SystemExit(f"The state in {a.out} was trained with --parts {state.parts}; go on with the same.")
        return state
    if os.path.exists(os.path.join(a.out, "state.pt")):
        raise SystemExit(f"{a.out} holds a training already: add --resume to go on with it, or choose another --out.")
    if a.start and os.path.isdir(a.start):
        return from_checkpoint(a.start, a.seed, parts, probes=a.probes)
    if a.start:
        state = load(a.start)
        state.seed, state.parts, state.stage = a.seed, parts, ""
        return state
    return new_state(a.seed, parts)


def main():
    a = parse(sys.argv[1:])
    os.makedirs(a.out, exist_ok=True)
    if a.background:
        log = os.path.join(a.out, "train.log")
        again = [v for v in sys.argv if v != "--background"] + ["--quiet"]
        print(f"Process {detach(again, log)}, log in {log}. It can be stopped at any time and resumed with --resume.")
        return
    if a.quiet:
        be_quiet()
    torch.set_num_threads(1)
    device, parts, processes, loaders, bfloat16 = hardware(a)
    state = starting_state(a, parts)
    processes = min(processes, state.parts)
    print(f"{device}, {processes} process(es), {state.parts} parts a step, products in {'bfloat16' if bfloat16 else 'float32'}", flush=True)
    names = [s.name for s in STAGES]
    first = names.index(a.stage or state.stage or names[0])
    path = os.path.join(a.out, "state.pt")
    for stage in STAGES[first : first + 1 if a.only else None]:
        if state.stage != stage.name:
            state.begin(stage.name)
        if state.progress < 1:
            stage = replace(stage, rate=a.rate or stage.rate, curriculum=stage.curriculum and not a.no_curriculum)
            steps = 0 if a.minutes else a.steps or stage.steps
            options = Options(
                a.out, a.tokenizer, steps, a.minutes, a.stop_after, a.scale, processes, device, bfloat16, device == "cuda", loaders, a.save_every, a.evaluate_every
            )
            train(stage, options, state)
            state = load(path)
        if state.progress < 1:
            print(f"Left {stage.name} at {state.progress:.1%}; --resume goes on.")
            return
    export(state, a.tokenizer, os.path.join(a.out, "checkpoint"))
    export_probes(state, os.path.join(a.out, "probes.safetensors"))


if __name__ == "__main__":
    main()
