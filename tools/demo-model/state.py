"""The state of a training: everything that the next step depends on, so that a resumed run equals an uninterrupted one."""
import os
from dataclasses import dataclass, field

import torch

from model import Heads, Size, build_model
from optimizer import layout

FORMAT = 1


@dataclass
class State:
    """Flat float32 buffers over `places` ({name: (offset, shape)}), and where the schedule stands."""

    places: dict
    parameters: torch.Tensor
    moment1: torch.Tensor
    moment2: torch.Tensor
    seed: int
    parts: int
    stage: str = ""  # the stage that runs or ran last
    step: int = 0  # steps done in that stage: also the data's position
    total: int = 0  # steps done in all stages
    progress: float = 0.0  # position in the stage's schedule, 0 to 1
    updates: dict = field(default_factory=lambda: {"vision": 0, "language": 0})

    def begin(self, stage):
        """Enters a stage: a fresh schedule and fresh moments, since each stage trains other parts."""
        self.stage, self.step, self.progress, self.updates = stage, 0, 0.0, {"vision": 0, "language": 0}
        self.moment1.zero_()
        self.moment2.zero_()


def build_modules(size, seed):
    return {"model": build_model(size, seed), "heads": Heads(size, seed)}


def bind(modules, parameters, gradients):
    """Makes the modules' parameters and gradients views of the flat buffers."""
    offset = 0
    for module in modules.values():
        for parameter in module.parameters():
            span = slice(offset, offset + parameter.numel())
            parameter.data = parameters[span].view(parameter.shape)
            parameter.grad = gradients[span].view(parameter.shape)
            offset += parameter.numel()


def new_state(seed, parts, size=Size()):
    modules = build_modules(size, seed)
    places, length = layout(modules)
    parameters = torch.cat([p.detach().flatten() for m in modules.values() for p in m.parameters()])
    return State(places, parameters, torch.zeros(length), torch.zeros(length), seed, parts)


def from_checkpoint(folder, seed, parts, size=Size(), probes=None):
    """Starts from the weights of an exported folder, and from a file of probes; without one they start anew."""
    from safetensors.torch import load_file

    from export import module_name

    state = new_state(seed, parts, size)
    weights = {f"model.{module_name(name)}": tensor for name, tensor in load_file(os.path.join(folder, "model.safetensors")).items()}
    for name, tensor in {**weights, **(load_file(probes) if probes else {})}.items():
        offset, shape = state.places[name]
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{name} of {folder} is {tuple(tensor.shape)}, this recipe's model needs {shape}.")
        state.parameters[offset : offset + tensor.numel()] = tensor.float().flatten()
    return state


def save(state, path):
    """Whole or not at all: written beside the target and renamed."""
    torch.save({"format": FORMAT, **vars(state)}, path + ".part")
    os.replace(path + ".part", path)


def load(path):
    data = torch.load(path, weights_only=True)
    if data.pop("format", None) != FORMAT:
        raise ValueError(f"{path} is not a training state of this recipe (format {FORMAT}).")
    return State(**data)
