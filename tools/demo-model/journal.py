"""The training's record: progress lines, log.jsonl and the curves drawn from it."""
import json
import os
import time

EVERY = 50  # steps


class Journal:
    def __init__(self, folder, state):
        self.folder, self.file = folder, os.path.join(folder, "log.jsonl")
        self._forget_after(state.total)
        self.means, self.samples, self.since, self.steps = {}, 0.0, time.monotonic(), 0

    def _forget_after(self, total):
        """A run that resumes an older state does again what came after it."""
        if os.path.exists(self.file):
            with open(self.file) as file:
                kept = [line for line in file if json.loads(line)["total"] <= total]
            with open(self.file, "w") as file:
                file.writelines(kept)

    def _write(self, record):
        with open(self.file, "a") as file:
            file.write(json.dumps(record) + "\n")

    def add(self, losses, samples):
        self.samples += samples
        for name, value in losses.items():
            value = float(value.detach())
            self.means[name] = value if name not in self.means else 0.95 * self.means[name] + 0.05 * value

    def progress(self, state, rate):
        """Called after every step; every 50th writes a record and a line."""
        self.steps += 1
        if self.steps % EVERY:
            return
        speed = self.samples / (time.monotonic() - self.since)
        means = {name: round(value, 4) for name, value in sorted(self.means.items())}
        self._write(dict(kind="train", stage=state.stage, total=state.total, step=state.step, progress=state.progress, rate=rate, speed=speed, losses=means))
        shown = " ".join(f"{name} {value:.3g}" for name, value in means.items())
        print(f"{state.stage} {state.progress:6.1%} step {state.step} rate {rate:.2g} {speed:.1f} samples/s | {shown}", flush=True)
        self.samples, self.since = 0.0, time.monotonic()

    def scores(self, state, scores):
        self._write(dict(kind="scores", stage=state.stage, total=state.total, step=state.step, scores=scores))
        print("held out: " + " ".join(f"{task} {share:.2f}" for task, (share, _) in sorted(scores.items())), flush=True)

    def draw(self):
        draw_curves(self.file, os.path.join(self.folder, "curves.png"))


def draw_curves(log, picture):
    """Losses and held-out scores over the steps of all stages, as one PNG."""
    if not os.path.exists(log):
        return
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with open(log) as file:
        records = [json.loads(line) for line in file]
    trained = [r for r in records if r["kind"] == "train"]
    scored = [r for r in records if r["kind"] == "scores"]
    figure, (losses, scores) = pyplot.subplots(2, 1, figsize=(11, 10), sharex=True)
    for name in sorted({n for r in trained for n in r["losses"]}):
        points = [(r["total"], r["losses"][name]) for r in trained if name in r["losses"]]
        losses.plot(*zip(*points), label=name, linewidth=1)
    losses.set(yscale="log", ylabel="loss (running mean)", title="Training")
    for task in sorted({t for r in scored for t in r["scores"]}):
        points = [(r["total"], r["scores"][task][0]) for r in scored if task in r["scores"]]
        scores.plot(*zip(*points), label=task, linewidth=1, marker=".")
    scores.set(xlabel="steps", ylabel="held-out answers exactly right", ylim=(0, 1.02))
    starts = [r for i, r in enumerate(trained) if i == 0 or r["stage"] != trained[i - 1]["stage"]]
    for axis in (losses, scores):
        for record in starts:
            axis.axvline(record["total"], color="grey", linewidth=0.5)
        axis.grid(alpha=0.3)
        if axis.lines and axis.get_legend_handles_labels()[0]:
            axis.legend(fontsize=7, ncol=2, loc="center left", bbox_to_anchor=(1, 0.5))
    for record in starts:
        losses.annotate(record["stage"], (record["total"], 0.98), xycoords=("data", "axes fraction"), fontsize=7, rotation=90, va="top")
    figure.tight_layout()
    figure.savefig(picture, dpi=90)
    pyplot.close(figure)
