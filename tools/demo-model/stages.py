"""The three stages of the first Qwen-VL report (Bai et al. 2023, arXiv:2308.12966, section 3), at this model's size."""
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    name: str
    steps: int
    rate: float  # Muon's peak learning rate
    floor: float  # the last rate as a part of the peak
    trains_vision: bool  # by its tasks
    trains_language: bool
    dense_every: int  # every n-th step trains the vision tower on dense targets alone; 0 never
    vision_factor: float = 1.0  # the vision tower's rate beside the language model's
    warmup: int = 60  # steps
    curriculum: bool = False  # difficulty rises over the first half
    inner_weight: float = 0.7  # weight of the supervision inside the model, falls with progress

    def learning_rates(self, step, progress, dense):
        """{side: (Muon, Adam, Adam of the probes)} of what this step trains."""
        rise = min(1.0, (step + 1) / self.warmup)
        fall = self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        muon = self.rate * rise * fall
        adam = muon / 6
        rates = {}
        if dense or self.trains_vision:
            factor = 1.0 if dense and not self.trains_language else self.vision_factor
            rates["vision"] = (muon * factor, adam * factor, adam)
        if not dense and self.trains_language:
            rates["language"] = (muon, adam, adam)
        return rates

    def is_dense(self, step):
        return not self.trains_language or (self.dense_every > 0 and step % self.dense_every == 0)

    def difficulty(self, progress):
        return min(1.0, progress / 0.45) if self.curriculum else 1.0


STAGES = (
    # the vision tower alone, on pictures paired with what they show, cell by cell: kinds, colours, boxes, characters
    Stage("vision-pretraining", 8_000, 0.015, 0.1, trains_vision=True, trains_language=False, dense_every=1),
    # everything, on all tasks together; the tower keeps seeing dense targets
    Stage("multitask-training", 20_000, 0.012, 0.1, trains_vision=True, trains_language=True, dense_every=4, vision_factor=0.5, curriculum=True),
    # the language model on conversations, with the vision tower frozen
    Stage("instruction-tuning", 12_000, 0.006, 0.01, trains_vision=False, trains_language=True, dense_every=0, inner_weight=0.5),
)
