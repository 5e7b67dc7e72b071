"""Turns a Batch into tensors: one shared prefix a sample, every row of it attending to that prefix alone."""
import os
from dataclasses import dataclass, fields

import numpy as np
import torch

from model import SYSTEM_PROMPT, special

# how much a row's tokens count: characters and places are few and hard among many easy words
ROW_WEIGHT = {
    "ground": 3.0, "ground_all": 3.0, "ground_text": 3.0, "ocr": 2.0, "position": 1.5, "followup": 1.5, "count": 1.5, "two_count": 1.5, "two_more": 2.0,
    "two_describe": 1.5, "text_describe": 1.5,
}
LENGTHS = (32, 64, 10_000)  # rows are grouped by length, to limit padding
IGNORE = -100
NUMBER_KINDS = {"pixel": (0, 1 / 28), "count": (1, 1.0)}  # column of the number head, scale


@dataclass
class Group:
    """Rows of similar length: n rows of t tokens."""

    rows: int
    length: int
    sample: torch.Tensor  # [n] which sample's prefix a row follows
    looks: torch.Tensor | None  # bool [n, t, p]: prefix tokens from which the next token is read
    tasks: list


@dataclass
class Inputs:
    """s samples with prefixes of p tokens, then all rows of all groups: T tokens in all."""

    samples: int
    prefix: int
    slots: list  # (first token, time steps, rows, columns) of every picture or clip
    groups: list
    tokens: torch.Tensor  # int64 [T]
    positions: torch.Tensor  # int64 [3, T]
    labels: torch.Tensor  # int64 [T], the token that follows, or IGNORE
    weights: torch.Tensor  # float32 [T]
    number_at: torch.Tensor  # int64 [m], tokens that are followed by a piece of a number
    number_kind: torch.Tensor  # int64 [m]
    number: torch.Tensor  # float32 [m]
    frames: list  # uint8 [s, frames, height, width, 3]
    targets: dict | None

    def to(self, device):
        def move(value):
            if isinstance(value, torch.Tensor):
                return value.to(device, non_blocking=True)
            if isinstance(value, list) and value and isinstance(value[0], torch.Tensor):
                return [move(v) for v in value]
            if isinstance(value, dict):
                return {k: move(v) for k, v in value.items()}
            return value

        moved = Inputs(**{f.name: move(getattr(self, f.name)) for f in fields(self)})
        moved.groups = [Group(g.rows, g.length, move(g.sample), move(g.looks), g.tasks) for g in self.groups]
        return moved


def tensors(targets):
    return None if targets is None else {name: torch.from_numpy(value) for name, value in targets.items()}


class Collator:
    """Tokenizes and lays out batches, with the authors' rule for positions."""

    def __init__(self, folder):
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self._known = {}

    def encode(self, text):
        if text not in self._known:
            if len(self._known) > 200_000:
                self._known.clear()
            self._known[text] = self.tokenizer.encode(text).ids
        return self._known[text]

    def prefix(self, batch):
        """ids [p], positions [3, p], the next position, slots."""
        ids = list(self.encode(f"<|im_start|>system\n{SYSTEM_PROMPT}<|im_end|>\n<|im_start|>user\n"))
        positions, slots = [np.arange(len(ids))[None].repeat(3, 0)], []
        at = len(ids)
        pad = special("<|video_pad|>" if batch.kind == "video" else "<|image_pad|>")
        for index, (steps, rows, columns) in enumerate(batch.grids):
            head = (self.encode(f"Picture {index + 1}: ") if batch.numbered else []) + [special("<|vision_start|>")]
            ids += head
            positions.append(np.arange(at, at + len(head))[None].repeat(3, 0))
            at += len(head)
            slots.append((len(ids), steps, rows, columns))
            ids += [pad] * (steps * rows * columns)
            interval = 2 * (2 / batch.fps) if batch.fps else 1  # tokens_per_second * second_per_grid
            times = (np.arange(steps) * interval).astype(np.int64)
            grid = np.stack(np.meshgrid(times, np.arange(rows), np.arange(columns), indexing="ij")).reshape(3, -1) + at
            positions.append(grid)
            at = int(grid.max()) + 1  # the maximum over all three axes + 1
            ids.append(special("<|vision_end|>"))
            positions.append(np.full((3, 1), at))
            at += 1
        return ids, np.concatenate(positions, 1), at, slots

    def _hints(self, text):
        """For every token of an answer: (vision tokens it is read from, (kind, value) of the number it belongs to)."""
        hints = []
        for start, end in self.tokenizer.encode(str(text)).offsets:
            look = next((tuple(cells) for a, b, cells in getattr(text, "looks", ()) if a <= end - 1 < b), ())
            number = next(((kind, value) for a, b, kind, value in getattr(text, "numbers", ()) if a < end and start < b), None)
            hints.append((look, number))
        return hints

    def row(self, turns):
        """ids, labels and hints of a conversation after its prefix."""
        ids, labels, hints = [], [], []
        for index, (question, reply) in enumerate(turns):
            asked = self.encode(("<|im_start|>user\n" if index else "") + question + "<|im_end|>\n<|im_start|>assistant\n")
            said = self.encode(str(reply) + "<|im_end|>")
            known = self._hints(reply)
            after = self.encode("\n") if index + 1 < len(turns) else []
            if len(known) != len(said) - 1:
                raise ValueError(f"The tokens of {str(reply)!r} change when the end token follows.")
            ids += asked + said + after
            labels += [IGNORE] * len(asked) + said + [IGNORE] * len(after)
            hints += [((), None)] * len(asked) + known + [((), None)] * (1 + len(after))
        return ids, labels, hints

    def _grouped(self, batch):
        rows = []
        for sample, conversations in enumerate(batch.rows):
            rows += [(sample, task, *self.row(turns)) for task, turns in conversations]
        rows.sort(key=lambda r: len(r[2]))
        low = 0
        for high in LENGTHS:
            group = [r for r in rows if low < len(r[2]) <= high]
            low = high
            if group:
                yield group

    def __call__(self, batch):
        ids, positions, at, slots = self.prefix(batch)
        samples, p = len(batch.rows), len(ids)
        shown = np.concatenate([np.arange(s, s + t * r * c) for s, t, r, c in slots]) if slots else None
        tokens, places = [np.tile(np.array(ids), samples)], [np.tile(positions, (1, samples))]
        labels, weights = [np.full(samples * p, IGNORE)], [np.zeros(samples * p, np.float32)]
        groups, numbers, done = [], [], samples * p
        for group in self._grouped(batch):
            n, t = len(group), max(len(r[2]) for r in group) - 1  # the last token is only a label
            token = np.full((n, t), special("<|endoftext|>"))
            label = np.full((n, t), IGNORE)
            looks = np.zeros((n, t, p), bool)
            for k, (_, _, row_ids, row_labels, hints) in enumerate(group):
                token[k, : min(t, len(row_ids))] = row_ids[:t]
                label[k, : len(row_ids) - 1] = row_labels[1:]
                for j, (cells, number) in enumerate(hints[1:]):
                    if cells:
                        looks[k, j, shown[list(cells)]] = True
                    if number:
                        column, unit = NUMBER_KINDS[number[0]]
                        numbers.append((done + k * t + j, column, number[1] * unit))
            tokens.append(token.ravel())
            labels.append(label.ravel())
            places.append(np.tile(np.arange(at, at + t)[None].repeat(3, 0), (1, n)))
            weights.append(np.repeat(np.array([ROW_WEIGHT.get(r[1], 1.0) for r in group], np.float32), t))
            groups.append(Group(n, t, torch.tensor([r[0] for r in group]), torch.from_numpy(looks) if slots else None, [r[1] for r in group]))
            done += n * t
        return Inputs(
            samples, p, slots, groups, torch.from_numpy(np.concatenate(tokens)), torch.from_numpy(np.concatenate(places, 1)),
            torch.from_numpy(np.concatenate(labels)), torch.from_numpy(np.concatenate(weights)),
            torch.tensor([n[0] for n in numbers], dtype=torch.long), torch.tensor([n[1] for n in numbers], dtype=torch.long),
            torch.tensor([n[2] for n in numbers], dtype=torch.float32),
            [torch.from_numpy(f) for f in batch.frames], tensors(batch.targets),
        )
