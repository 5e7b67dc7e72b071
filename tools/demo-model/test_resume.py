"""python -m unittest: an interrupted and resumed run gives the same weights as an uninterrupted one, however many processes share it."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace

import torch

from model import TOKENIZER_FOLDER
from stages import STAGES
from state import load, new_state
from train import Options, train

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 6


def run(out, *options):
    command = [sys.executable, os.path.join(HERE, "recipe.py"), "--out", out, "--steps", str(STEPS), "--scale", "0.05", "--device", "cpu", *options]
    subprocess.run(command, check=True, capture_output=True, cwd=HERE)
    return torch.load(os.path.join(out, "state.pt"), weights_only=True)


class Resume(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def out(self, name):
        return os.path.join(self.folder, name)

    def assert_same(self, one, other):
        for name in ("parameters", "moment1", "moment2"):
            self.assertTrue(torch.equal(one[name], other[name]), name)
        for name in ("step", "total", "progress", "updates", "stage"):
            self.assertEqual(one[name], other[name])

    def test_resumed_equals_uninterrupted(self):
        whole = run(self.out("whole"), "--stage", "multitask-training", "--only", "--processes", "2")
        half = run(self.out("halves"), "--stage", "multitask-training", "--only", "--processes", "2", "--stop-after", "3")
        self.assertEqual(half["step"], 3)
        self.assertFalse(torch.equal(half["parameters"], whole["parameters"]))
        rest = run(self.out("halves"), "--resume", "--only", "--processes", "1")
        self.assertEqual(rest["step"], STEPS)
        self.assert_same(whole, rest)

    def test_one_batch_made_ahead_trains_like_its_parts(self):
        """What a card does, on the CPU: one gradient over all parts, data from loader processes."""
        ends = []
        for name, options in (("parts", dict()), ("merged", dict(merged=True, loaders=1))):
            state = new_state(1, 2)
            state.begin("instruction-tuning")
            stage = replace(next(s for s in STAGES if s.name == state.stage), dense_every=2)
            train(stage, Options(self.out(name), TOKENIZER_FOLDER, steps=4, stop_after=2, scale=0.05, processes=1, **options), state)
            ends.append(load(os.path.join(self.out(name), "state.pt")))
        self.assertEqual([end.step for end in ends], [2, 2])
        start, moved = new_state(1, 2).parameters, [end.parameters for end in ends]
        steps = [m - start for m in moved]
        self.assertGreater(torch.cosine_similarity(steps[0], steps[1], dim=0), 0.9)

    def test_all_stages_in_one_command(self):
        state = run(self.out("all"))
        self.assertEqual((state["stage"], state["total"], state["progress"]), ("instruction-tuning", 3 * STEPS, 1.0))
        for file in ("config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"):
            self.assertTrue(os.path.exists(os.path.join(self.out("all"), "checkpoint", file)), file)
        self.assertTrue(os.path.exists(os.path.join(self.out("all"), "curves.png")))

    def test_the_vision_tower_stands_still_in_instruction_tuning(self):
        first = run(self.out("frozen"), "--stage", "instruction-tuning", "--only", "--stop-after", "1")
        last = run(self.out("frozen"), "--resume", "--only")
        for name, (offset, shape) in first["places"].items():
            span = slice(offset, offset + torch.Size(shape).numel())
            same = torch.equal(first["parameters"][span], last["parameters"][span])
            if ".visual." in name:
                self.assertTrue(same, name)
            elif name.endswith("q_proj.weight"):
                self.assertFalse(same, name)


if __name__ == "__main__":
    unittest.main()
