"""Writes a held-out set: pictures, clips (frames) and questions of unseen seeds, with the expected answers.

  python evaluation-set.py OUT --each 500

OUT/samples.jsonl has one sample a line: {"id", "task", "messages", "expected"}, with "add_vision_id" where the prompt numbers its pictures and
"boxes" ([x1, y1, x2, y2] in pixels) where boxes are asked for. Paths in messages are relative to OUT. Earlier turns carry the right answers.
"""
import argparse
import hashlib
import json
import os

from PIL import Image

from data import batches
from heldout import TASKS

SEED = 20_000_003
KINDS = ("image", "video", "pair", "text")
STEPS = 20_000  # gives up when a task has not appeared often enough after so many batches


class Writer:
    """Pictures are named by their content, so that equal frames are one file."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(os.path.join(folder, "media"), exist_ok=True)

    def picture(self, pixels):
        name = f"media/{hashlib.sha256(pixels.tobytes() + str(pixels.shape).encode()).hexdigest()[:16]}.png"
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            Image.fromarray(pixels).save(path, optimize=True)
        return name

    def media(self, batch, index):
        """The content parts of one sample."""
        if batch.kind == "video":
            return [{"type": "video", "video": [self.picture(frame) for frame in batch.frames[0][index]], "sample_fps": batch.fps}]
        return [{"type": "image", "image": self.picture(frames[index][0])} for frames in batch.frames]


def sample(writer, batch, index, task, turns):
    messages = []
    for number, (question, reply) in enumerate(turns):
        content = [*(writer.media(batch, index) if number == 0 else []), {"type": "text", "text": question}]
        messages += [{"role": "user", "content": content}, {"role": "assistant", "content": str(reply)}]
    expected = messages.pop()["content"]
    boxes = [item["bbox_2d"] for item in json.loads(expected.strip("`").removeprefix("json"))] if expected.startswith("```json") else None
    return {
        "task": task, "messages": messages, "expected": expected,
        **({"add_vision_id": True} if batch.numbered else {}), **({"boxes": boxes} if boxes else {}),
    }


def write(folder, each, seed):
    """Takes questions in the order they are drawn until every task has `each`."""
    writer, counts, lines = Writer(folder), dict.fromkeys(TASKS, 0), []
    for kind in KINDS:
        for step in range(STEPS):
            batch = batches.task_batch(seed, STEPS * KINDS.index(kind) + step, kind=kind, scale=0.1)
            for index, rows in enumerate(batch.rows):
                for task, turns in rows:
                    if counts[task] < each:
                        counts[task] += 1
                        lines.append(sample(writer, batch, index, task, turns))
            if all(counts[task] >= each for task in tasks_of(kind)):
                break
    with open(os.path.join(folder, "samples.jsonl"), "w") as file:
        for number, line in enumerate(lines):
            file.write(json.dumps({"id": number, **line}) + "\n")
    return counts


def tasks_of(kind):
    """Tasks that a kind of batch asks."""
    if kind == "video":
        return [t for t in TASKS if t.startswith("video_")]
    if kind == "pair":
        return [t for t in TASKS if t.startswith("two_")]
    if kind == "text":
        return ["chat"]
    return [t for t in TASKS if not t.startswith(("video_", "two_")) and t != "chat"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--each", type=int, default=500, help="samples a task")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    counts = write(arguments.folder, arguments.each, arguments.seed)
    print(" ".join(f"{task} {count}" for task, count in counts.items()))


if __name__ == "__main__":
    main()
