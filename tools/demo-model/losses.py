"""Losses: the answers' tokens, the dense targets of the vision tower, and the supervision inside the decoder."""
import torch
import torch.nn.functional as F

from data.targets import CHARS_PER_CELL, TEXT_KIND
from forward import NUMBER_LAYER, PLACE_LAYER
from model import Heads

NUMBER_WEIGHT = 2.0  # boxes are as good as the numbers that the decoder knows before it spells them


def answer_loss(logits, inputs):
    """Weighted cross-entropy of the labelled tokens."""
    labelled = inputs.labels >= 0
    weight = inputs.weights[labelled]
    return (F.cross_entropy(logits, inputs.labels[labelled], reduction="none") * weight).sum() / weight.sum()


def dense_losses(heads, features, targets):
    """What the merged vision tokens [s, c, hidden] must tell about their own cells."""
    letters = CHARS_PER_CELL * Heads.LETTERS
    kind, color, box, chars, center = heads.vision(features).split([Heads.KINDS, Heads.COLORS, 4, letters, 1], -1)
    thing, text = targets["kind"] > 0, targets["kind"] == TEXT_KIND
    losses = dict(kind=F.cross_entropy(kind.flatten(0, 1), targets["kind"].flatten()))
    losses["center"] = F.binary_cross_entropy_with_logits(center[..., 0], targets["center"])
    if thing.any():
        losses["color"] = F.cross_entropy(color[thing], targets["color"][thing])
        losses["box"] = F.smooth_l1_loss(box[thing], targets["box"][thing], beta=0.1)
    if text.any():
        each = F.cross_entropy(chars.reshape(-1, Heads.LETTERS), targets["chars"].flatten(), reduction="none").view(targets["chars"].shape)
        full = targets["chars"][..., 0] > 0
        weight = full.float() + 0.15 * (text & ~full).float()
        losses["chars"] = 1.5 * (each.mean(-1) * weight).sum() / weight.sum().clamp_min(1)
    return losses


def place_loss(heads, hidden, inputs):
    """Vision tokens inside the decoder know their row, their column and the picture's own coordinates of what they show."""
    start, _, rows, columns = inputs.slots[0]
    head = inputs.samples * inputs.prefix
    tokens = hidden[:head].view(inputs.samples, inputs.prefix, -1)[:, start : start + rows * columns]
    box, row, column = heads.place(tokens).split([4, Heads.PLACES, Heads.PLACES], -1)
    r = torch.arange(rows, device=hidden.device).repeat_interleave(columns)
    c = torch.arange(columns, device=hidden.device).repeat(rows)
    loss = F.cross_entropy(row.flatten(0, 1), r.repeat(inputs.samples)) + F.cross_entropy(column.flatten(0, 1), c.repeat(inputs.samples))
    thing = inputs.targets["kind"] > 0
    if thing.any():
        target = (inputs.targets["box"] + torch.stack([c, r, c, r], -1).float()[None] + 0.5) / 4.0
        loss = loss + 3.0 * F.smooth_l1_loss(box[thing], target[thing], beta=0.1)
    return loss


def number_loss(heads, hidden, inputs):
    """The decoder knows a number before it spells it: coordinates in cells, counts as they are."""
    guess = heads.number(hidden[inputs.number_at]).gather(1, inputs.number_kind[:, None])[:, 0]
    return F.smooth_l1_loss(guess, inputs.number, beta=0.1)


def inner_losses(heads, inputs, seen):
    """All supervision besides the answers, by name."""
    losses = {}
    if seen["looks"]:
        losses["look"] = sum(total for total, _ in seen["looks"]) / sum(count for _, count in seen["looks"])
    if inputs.targets is not None:
        losses["dense"] = sum(dense_losses(heads, seen["features"][0], inputs.targets).values())
        losses["place"] = place_loss(heads, seen["probed"][PLACE_LAYER], inputs)
    if len(inputs.number):
        losses["number"] = NUMBER_WEIGHT * number_loss(heads, seen["probed"][NUMBER_LAYER], inputs)
    return losses
