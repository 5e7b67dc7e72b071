"""Draws the samples of packages/demo-model and has Hugging Face transformers answer their questions (greedy, float32; wrong answers stay in).

  python make-samples.py --model ../../packages/demo-model/checkpoint --out ../../packages/demo-model/samples
"""
import argparse
import json
import os

import torch

from data.drawing import render
from data.scenes import Shape, Text
from data.world import COLORS
from evaluate_hf import Reference

WHITE, GREY, CREAM, DARK, BLACK = (255, 255, 255), (215, 215, 215), (250, 240, 215), (40, 40, 40), (0, 0, 0)
LOCATE = "Locate {}, report the bbox coordinates in JSON format."

# name: (width, height, background, [(shape, colour, x, y, side)])
PICTURES = {
    "shapes1": (168, 168, WHITE, [("circle", "red", 14, 16, 36), ("square", "blue", 108, 112, 36)]),
    "shapes2": (168, 168, GREY, [("star", "yellow", 16, 108, 36), ("triangle", "green", 64, 12, 38), ("circle", "purple", 114, 108, 36)]),
    "shapes3": (140, 140, BLACK, [("square", "orange", 38, 40, 64)]),
    "shapes4": (196, 140, WHITE, [("circle", "green", 12, 12, 34), ("circle", "green", 96, 56, 36), ("square", "red", 150, 90, 36)]),
    "odd_size": (200, 150, WHITE, [("star", "red", 66, 40, 70)]),
    "pair_a": (140, 140, WHITE, [("circle", "red", 8, 54, 32)]),
    "pair_b": (112, 140, WHITE, [("square", "blue", 6, 8, 32), ("star", "green", 74, 52, 32), ("triangle", "orange", 6, 104, 32)]),
    "wide": (252, 84, WHITE, [("triangle", "purple", 14, 24, 36), ("square", "green", 200, 26, 36)]),
}
# name: (width, height, background, text, (font, size), colour, origin)
WORDS = {
    "word1": (168, 84, WHITE, "HELLO", (1, 36), "black", (16, 18)),
    "word2": (140, 112, CREAM, "CAT", (0, 40), "blue", (24, 30)),
    "number1": (140, 84, WHITE, "472", (2, 40), "black", (24, 16)),
    "number2": (112, 112, DARK, "85", (1, 44), "yellow", (24, 30)),
}
# name: (frames a second, background, shapes of frame f of 8); all 112 x 112
CLIPS = {
    "clip_turn": (2, WHITE, lambda f: [("circle", "red" if f < 4 else "green", 36, 38, 36)]),
    "clip_appear": (1, WHITE, lambda f: [("square", "blue", 10, 74, 30)] + ([("star", "red", 74, 8, 30)] if f >= 4 else [])),
    "clip_move": (4, GREY, lambda f: [("triangle", "purple", 4 + f * 10, 40, 34)]),
}
JOBS = [
    (["shapes1"], "Describe this image."), (["shapes1"], "How many shapes are there?"), (["shapes1"], LOCATE.format("the red circle")),
    (["shapes1"], "Is there a red circle?"), (["shapes1"], "Is there a green star?"),
    (["shapes2"], "Describe this image."), (["shapes2"], LOCATE.format("every shape")), (["shapes2"], "What color is the star?"),
    (["shapes2"], "Where is the green triangle?"), (["shapes2"], "What shape is purple?", "Where is it?"),
    (["shapes3"], "What do you see?"), (["shapes3"], LOCATE.format("the orange square")),
    (["shapes4"], "How many circles are there?"), (["shapes4"], "How many green shapes are there?"), (["shapes4"], "How many shapes are in the image?"),
    (["odd_size"], "Describe this image."), (["odd_size"], LOCATE.format("the red star")), (["odd_size"], "How old is the dog?"),
    (["word1"], "Read the text."), (["word1"], "Describe this image."), (["word2"], "What word is shown?"), (["word2"], "What color is the text?"),
    (["number1"], "What number is shown?"), (["number2"], "Read the number."),
    (["pair_a", "pair_b"], "Which image has more shapes?"), (["pair_a", "pair_b"], "Which image has a star?"),
    (["pair_a", "pair_b"], "How many shapes are in the second image?"), (["pair_a", "pair_b"], "Describe the first image."),
    (["wide"], "Describe this image."),
    (["clip_turn"], "When does the circle turn green?"), (["clip_turn"], "Describe this video."), (["clip_turn"], "How long is this video?"),
    (["clip_appear"], "When does the star appear?"), (["clip_appear"], "Describe this video."),
    (["clip_move"], "Which way does the triangle move?"), (["clip_move"], "Describe this video."),
    ([], "Hello!"), ([], "What can you do?"), ([], "Who are you?", "What shapes do you know?"), ([], "What is the capital of France?"),
]


def shapes_of(items):
    return [Shape(kind, color, COLORS[color][0], (x, y, x + side, y + side), side >= 50, (0, 0)) for kind, color, x, y, side in items]


def draw(out):
    for name, (width, height, background, items) in PICTURES.items():
        render(width, height, background, shapes_of(items)).save(os.path.join(out, f"{name}.png"), optimize=True)
    for name, (width, height, background, text, face, color, origin) in WORDS.items():
        written = Text(text, "word", face, origin, COLORS[color][1 if color == "yellow" else 0], color, (), [])
        render(width, height, background, (), [written]).save(os.path.join(out, f"{name}.png"), optimize=True)
    for name, (_, background, shapes) in CLIPS.items():
        os.makedirs(os.path.join(out, name), exist_ok=True)
        for f in range(8):
            render(112, 112, background, shapes_of(shapes(f))).save(os.path.join(out, name, f"{f:03d}.png"), optimize=True)


def run(reference, out, media, questions):
    """One entry of samples.json."""
    images = [f"{name}.png" for name in media if name not in CLIPS]
    entry = {"images": images, "resized": [], "turns": []}
    content = [{"type": "image", "image": image} for image in images]
    if media and media[0] in CLIPS:
        fps = CLIPS[media[0]][0]
        entry["video"] = {"frames": [f"{media[0]}/{f:03d}.png" for f in range(8)], "fps": fps, "resized": [112, 112]}
        entry["second_per_grid_ts"] = 2 / fps
        content = [{"type": "video", "video": entry["video"]["frames"], "sample_fps": fps}]
    messages = []
    for index, question in enumerate(questions):
        messages.append({"role": "user", "content": [*(content if index == 0 else []), {"type": "text", "text": question}]})
        feeds = reference.inputs(messages, out, False)
        if images:
            entry["resized"] = [[int(h) * 14, int(w) * 14] for _, h, w in feeds["image_grid_thw"]]
        text, ids = reference.answer(messages, out)
        entry["turns"].append({"question": question, "answer": text, "output_ids": ids, "prompt_len": feeds["input_ids"].shape[1]})
        messages.append({"role": "assistant", "content": text})
    print(" + ".join(media) or "no picture", "|", " / ".join(f"{t['question']} -> {t['answer']}" for t in entry["turns"]))
    return entry


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    os.makedirs(arguments.out, exist_ok=True)
    draw(arguments.out)
    reference = Reference(arguments.model)
    entries = [run(reference, arguments.out, media, questions) for media, *questions in JOBS]
    with open(os.path.join(arguments.out, "samples.json"), "w") as file:
        json.dump(entries, file, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()
