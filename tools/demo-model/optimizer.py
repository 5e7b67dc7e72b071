"""Muon for the hidden matrices, Adam for the rest, over flat buffers that several processes share.

Every process owns some of the matrices and vectors, sums the gradients of all parts for them, and writes them in place.
Muon: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024).
"""
import math

import torch

MOMENTUM, WEIGHT_DECAY = 0.95, 0.03
BETA1, BETA2 = 0.9, 0.98


def orthogonalize(matrices, steps=5):
    """The quintic Newton-Schulz iteration of Muon on [n, rows, columns]."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if tall else matrices
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(steps):
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.transpose(1, 2) if tall else x


def layout(modules):
    """{name: (offset, shape)} of all parameters of {prefix: module} in one flat buffer, and its length."""
    places, offset = {}, 0
    for prefix, module in modules.items():
        for name, parameter in module.named_parameters():
            places[f"{prefix}.{name}"] = (offset, tuple(parameter.shape))
            offset += parameter.numel()
    return places, offset


def is_vision(name):
    return ".visual." in name or name.startswith("heads.vision")


def is_hidden_matrix(name, shape):
    return len(shape) == 2 and not name.startswith("heads.") and any(part in name for part in ("layers.", "blocks.", "merger.mlp.2"))


def share_out(items, cost, world):
    """Divides items over processes: the dearest first, each to who has least."""
    load, shares = [0] * world, [[] for _ in range(world)]
    for item in sorted(items, key=lambda i: (-cost(i), str(i))):
        owner = min(range(world), key=load.__getitem__)
        load[owner] += cost(item)
        shares[owner].append(item)
    return shares


class Optimizer:
    """One process's share of the update. Buffers: parameters, first and second moments [N], gradients [parts, N]."""

    def __init__(self, places, buffers, rank, world):
        self.buffers = buffers
        matrices, vectors = [], []
        for name, (offset, shape) in places.items():
            if not is_hidden_matrix(name, shape):
                vectors.append((is_vision(name), name.startswith("heads."), offset, math.prod(shape)))
                continue
            pieces = 3 if "attn.qkv" in name else 1  # queries, keys and values are three matrices
            rows = shape[0] // pieces
            matrices += [(is_vision(name), offset + i * rows * shape[1], (rows, shape[1])) for i in range(pieces)]
        groups = {}
        for vision, offset, shape in share_out(matrices, lambda m: min(m[2]) ** 2 * max(m[2]), world)[rank]:
            groups.setdefault((vision, shape), []).append(offset)
        self.matrices = groups
        self.vectors = share_out(vectors, lambda v: v[3], world)[rank]

    def _gradient(self, offset, size):
        return self.buffers["gradients"][:, offset : offset + size].sum(0)

    def step(self, rates, updates):
        """rates: {'vision' | 'language': (Muon's rate, Adam's rate)}, a missing one is frozen; updates: how often each was updated before."""
        for (vision, shape), offsets in self.matrices.items():
            if rate := rates.get("vision" if vision else "language"):
                self._muon(offsets, shape, rate[0])
        for vision, probe, offset, size in self.vectors:
            side = "vision" if vision else "language"
            if rate := rates.get(side):
                self._adam(offset, size, rate[2] if probe else rate[1], updates[side] + 1)

    def _muon(self, offsets, shape, rate):
        size = shape[0] * shape[1]
        gradient = torch.stack([self._gradient(o, size) for o in offsets]).view(-1, *shape)
        moments = torch.stack([self.buffers["moment1"][o : o + size] for o in offsets]).view(-1, *shape)
        moments.mul_(MOMENTUM).add_(gradient, alpha=1 - MOMENTUM)
        update = orthogonalize(gradient.mul(1 - MOMENTUM).add_(moments, alpha=MOMENTUM))
        scale = rate * math.sqrt(max(1.0, shape[0] / shape[1]))
        for i, o in enumerate(offsets):
            self.buffers["moment1"][o : o + size].copy_(moments[i].flatten())
            self.buffers["parameters"][o : o + size].mul_(1 - rate * WEIGHT_DECAY).sub_(update[i].flatten(), alpha=scale)

    def _adam(self, offset, size, rate, count):
        span = slice(offset, offset + size)
        gradient = self._gradient(offset, size) / len(self.buffers["gradients"])
        first, second = self.buffers["moment1"][span], self.buffers["moment2"][span]
        first.lerp_(gradient, 1 - BETA1)
        second.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        update = (first / (1 - BETA1**count)) / ((second / (1 - BETA2**count)).sqrt() + 1e-8)
        self.buffers["parameters"][span].sub_(update, alpha=rate)
