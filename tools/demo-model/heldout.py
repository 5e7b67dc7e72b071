"""Scores on held-out samples during training: an answer is right when greedy decoding would give it word for word, which is when every token is
the most likely one after the right ones before it."""
import torch

from data import batches

TASKS = (
    "chat", "color", "count", "describe", "exist", "followup", "ground", "ground_all", "ground_text", "ocr", "outside", "position", "shape",
    "text_color", "text_describe", "two_count", "two_describe", "two_more", "two_which", "video_describe", "video_length", "video_move",
    "video_what", "video_when",
)
SEED = 10_000_019
JOBS = [("image", i) for i in range(10)] + [("video", i) for i in range(4)] + [("pair", i) for i in range(3)] + [("text", 0)]


@torch.no_grad()
def answer_heldout(forward, collator, rank, scores):
    """Adds (right, asked) per task to scores[rank] for this process's share of the jobs."""
    scores[rank] = 0
    for kind, index in JOBS[rank :: len(scores)]:
        inputs = collator(batches.task_batch(SEED, 1000 * len(kind) + index, kind=kind)).to(forward.device)
        logits, _ = forward(inputs)
        labelled = inputs.labels >= 0
        wrong = torch.zeros_like(labelled)
        wrong[labelled] = logits.argmax(-1) != inputs.labels[labelled]
        at = inputs.samples * inputs.prefix
        for group in inputs.groups:
            rows = wrong[at : at + group.rows * group.length].view(group.rows, group.length)
            at += group.rows * group.length
            for right, task in zip((~rows.any(1)).tolist(), group.tasks):
                scores[rank, TASKS.index(task)] += torch.tensor([float(right), 1.0])


def tally(scores):
    """{task: (share right, asked)} over all processes."""
    return {task: (float(r / n), int(n)) for task, (r, n) in zip(TASKS, scores.sum(0)) if n}
