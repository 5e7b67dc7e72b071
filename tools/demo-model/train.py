"""Runs one stage: on a CPU in several single-threaded processes over shared memory, on a CUDA card in one with data made by others.

Small products scale badly over threads, so each process computes whole parts of a step's batch. A step has a fixed number of parts however many
processes share them, each with a gradient buffer of its own, summed in order: the result does not depend on the number of processes.
"""
import os
import time
from dataclasses import dataclass

import torch

import losses
from collate import Collator, tensors
from data import batches
from forward import Forward
from heldout import TASKS, answer_heldout, tally
from journal import Journal
from model import Size
from optimizer import Optimizer
from state import bind, build_modules, save

STOP, SAVE, EVALUATE = 1, 2, 4


@dataclass(frozen=True)
class Options:
    out: str
    tokenizer: str
    steps: int = 0  # of the stage; 0: by minutes
    minutes: float = 0.0
    stop_after: int = 0  # leaves the stage unfinished after so many steps of this run
    scale: float = 0.75  # size of a batch's parts
    processes: int = 2
    device: str = "cpu"
    bfloat16: bool = False
    merged: bool = False  # all parts of a step as one batch, with one gradient: for a card
    loaders: int = 0  # processes that make data ahead; 0: each process makes its own
    save_every: float = 5.0  # minutes
    evaluate_every: float = 20.0  # minutes


class Source:
    """The collated batch of a step: also a torch Dataset, so that loader processes can make it ahead."""

    def __init__(self, stage, options, seed, control, parts):
        self.stage, self.options, self.seed, self.control, self.parts = stage, options, seed, control, parts
        self.collator = Collator(options.tokenizer)

    def __getitem__(self, step):
        return step, [self.make(step, parts) for parts in self.parts]

    def make(self, step, parts):
        """The dense batch as (frames, targets), or the Inputs of the tasks."""
        if self.stage.is_dense(step):
            batch = batches.dense_batch(self.seed, step, parts, scale=self.options.scale)
            return torch.from_numpy(batch.frames[0]), tensors(batch.targets)
        progress = step / self.options.steps if self.options.steps else float(self.control[0])
        difficulty = self.stage.difficulty(progress)
        return self.collator(batches.task_batch(self.seed, step, parts, difficulty=difficulty, scale=self.options.scale))

    def steps_from(self, first):
        if not self.options.loaders:
            return (self[step] for step in range(first, 1 << 40))
        torch.multiprocessing.set_sharing_strategy("file_system")  # the batches of many loaders are more tensors than a process may open files
        loader = torch.utils.data.DataLoader(
            self, batch_size=None, sampler=range(first, first + 10_000_000), num_workers=self.options.loaders,
            pin_memory=self.options.device == "cuda", prefetch_factor=4,
        )
        return iter(loader)


class Worker:
    """One process of a stage. Rank 0 keeps the journal, saves, and decides when to stop."""

    def __init__(self, rank, stage, options, state, shared):
        self.rank, self.stage, self.options, self.state = rank, stage, options, state
        self.buffers, self.control, self.flags, self.scores = shared["buffers"], shared["control"], shared["flags"], shared["scores"]
        self.barrier = shared["barrier"]
        torch.set_num_threads(1)
        self.mine = list(range(rank, state.parts, options.processes))
        modules = build_modules(Size(), state.seed)
        bind(modules, self.buffers["parameters"], self.buffers["gradients"][0])
        self.modules, self.heads = modules, modules["heads"]
        self.forward = Forward(modules["model"], torch.bfloat16 if options.bfloat16 else torch.float32)
        self.optimizer = Optimizer(state.places, self.buffers, rank, options.processes)
        self.source = Source(stage, options, state.seed, self.control, [tuple(self.mine)] if options.merged else [(part,) for part in self.mine])

    def losses(self, made):
        """All losses of one part, by name, and their weighted sum."""
        device = self.options.device
        if self.stage.is_dense(self.state.step):
            frames, targets = made[0].to(device), {k: v.to(device) for k, v in made[1].items()}
            named = losses.dense_losses(self.heads, self.forward.vision(frames), targets)
            return named, sum(named.values()), len(frames)
        inputs = made.to(device)
        logits, seen = self.forward(inputs, train_vision=self.stage.trains_vision, supervise=True)
        named = losses.inner_losses(self.heads, inputs, seen)
        if not self.stage.trains_vision:
            named.pop("dense", None)
        answers = losses.answer_loss(logits, inputs)
        weight = self.stage.inner_weight * (1 - self.state.progress) + 0.1
        kind = "video" if inputs.slots and inputs.slots[0][1] > 1 else ("text", "image", "pair")[len(inputs.slots)]
        return {f"answer_{kind}": answers, **named}, answers + weight * sum(named.values()), inputs.samples

    def run(self):
        state, options, clock = self.state, self.options, Clock(self)
        journal = Journal(options.out, state) if self.rank == 0 else None
        for step, made in self.source.steps_from(state.step):
            if self.rank == 0:
                clock.decide()
            self.barrier.wait()  # every process has finished the last update
            state.progress, todo = float(self.control[0]), int(self.control[1])
            self.service(todo, journal)
            if todo & STOP:
                break
            finite, named = True, {}
            for part, item in zip(self.mine, made):
                gradients = self.buffers["gradients"][0 if options.merged else part]
                bind(self.modules, self.buffers["parameters"], gradients.zero_())
                named, total, samples = self.losses(item)
                total.backward()
                finite = finite and bool(torch.isfinite(total))
                if journal:
                    journal.add(named, samples * state.parts / len(made) if not options.merged else samples)
            self.flags[self.rank] = float(finite)
            self.barrier.wait()  # every process's gradients are there
            rates = self.stage.learning_rates(state.step, state.progress, self.stage.is_dense(step))
            if self.flags.min() > 0:
                self.optimizer.step(rates, state.updates)
                for side in rates:
                    state.updates[side] += 1
            state.step, state.total = step + 1, state.total + 1
            if journal:
                journal.progress(state, max(r[0] for r in rates.values()))
        self.barrier.wait()

    def service(self, todo, journal):
        """Evaluates and saves, between two steps."""
        if todo & EVALUATE and self.stage.trains_language:
            answer_heldout(self.forward, self.source.collator, self.rank, self.scores)
            self.barrier.wait()
            if journal:
                journal.scores(self.state, tally(self.scores))
        if todo and journal:
            for name in ("parameters", "moment1", "moment2"):
                setattr(self.state, name, self.buffers[name].cpu())
            save(self.state, os.path.join(self.options.out, "state.pt"))
            journal.draw()


class Clock:
    """Rank 0's decisions, written where all processes read them: the schedule's position, and what to do before the step."""

    def __init__(self, worker):
        self.worker, self.first = worker, worker.state.step
        self.last = self.saved = self.evaluated = time.monotonic()

    def decide(self):
        state, options, now = self.worker.state, self.worker.options, time.monotonic()
        if options.steps:
            progress = state.step / options.steps
        else:
            progress = state.progress + (now - self.last) / (60 * options.minutes)
        self.last, todo = now, 0
        if now - self.evaluated > 60 * options.evaluate_every or progress >= 1:
            todo, self.evaluated = EVALUATE, now
        if todo or now - self.saved > 60 * options.save_every:
            todo, self.saved = todo | SAVE, now
        if progress >= 1 or (options.stop_after and state.step - self.first >= options.stop_after):
            todo |= STOP | SAVE
        self.worker.control[0], self.worker.control[1] = min(1.0, progress), todo


class Alone:
    """The barrier of a single process."""

    def wait(self):
        return 0


def _work(rank, stage, options, state, shared):
    Worker(rank, stage, options, state, shared).run()


def train(stage, options, state):
    """Runs the stage from where the state stands; the state on disk is then the result."""
    import torch.multiprocessing as processes

    os.makedirs(options.out, exist_ok=True)
    device, several = options.device, options.processes > 1
    buffers = {name: getattr(state, name).to(device) for name in ("parameters", "moment1", "moment2")}
    buffers["gradients"] = torch.zeros(1 if options.merged else state.parts, len(state.parameters), device=device)
    shared = dict(buffers=buffers, control=torch.zeros(2, dtype=torch.float64), flags=torch.zeros(options.processes), barrier=Alone())
    shared["scores"] = torch.zeros(options.processes, len(TASKS), 2)
    shared["control"].share_memory_()  # loader processes read it too
    if not several:
        _work(0, stage, options, state, shared)
        return
    for tensor in (*buffers.values(), shared["flags"], shared["scores"]):
        tensor.share_memory_()
    context = processes.get_context("fork")
    shared["barrier"] = context.Barrier(options.processes)
    workers = [context.Process(target=_work, args=(rank, stage, options, state, shared)) for rank in range(options.processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError(f"A training process failed: exit codes {[worker.exitcode for worker in workers]}.")
