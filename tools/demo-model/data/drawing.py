"""Draws scenes with Pillow: shapes, text, noise. Fonts are the DejaVu faces that matplotlib ships, so that no system font is needed."""
import functools
import math
import os

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .world import COLORS, luminance

FONT_FOLDER = os.path.join(matplotlib.get_data_path(), "fonts", "ttf")
FONT_FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono-Bold.ttf")


def pick(rng, options):
    return options[int(rng.integers(len(options)))]


@functools.cache
def font(index, size):
    return ImageFont.truetype(os.path.join(FONT_FOLDER, FONT_FILES[index]), size)


def _star():
    """Ten corners of a five-pointed star that fills the unit square."""
    angles = [-math.pi / 2 + k * math.pi / 5 for k in range(10)]
    points = [((1.0, 0.42)[k % 2] * math.cos(a), (1.0, 0.42)[k % 2] * math.sin(a)) for k, a in enumerate(angles)]
    xs, ys = zip(*points)
    return [((x - min(xs)) / (max(xs) - min(xs)), (y - min(ys)) / (max(ys) - min(ys))) for x, y in points]


CORNERS = {"star": _star(), "triangle": [(0.5, 0.0), (1.0, 1.0), (0.0, 1.0)]}


def rgb_of(rng, color):
    """One of a colour's values, slightly varied."""
    return tuple(int(np.clip(v + rng.integers(-10, 11), 0, 255)) for v in pick(rng, COLORS[color]))


def text_color(rng, background, names):
    """A colour name and value that can be read on the background."""
    light = luminance(background)
    readable = [n for n in names if not (light > 175 and n == "yellow")]
    color = pick(rng, readable + (["black"] * 4 if light > 120 else ["white"] * 3))
    rgb = rgb_of(rng, color)
    if abs(luminance(rgb) - light) < 45:
        color = "black" if light > 120 else "white"
        rgb = rgb_of(rng, color)
    return color, rgb


def _paint(draw, shape, scale):
    x1, y1, x2, y2 = shape.box
    if shape.shape == "circle":
        draw.ellipse([x1 * scale, y1 * scale, x2 * scale - 1, y2 * scale - 1], fill=shape.rgb)
    elif shape.shape == "square":
        draw.rectangle([x1 * scale, y1 * scale, x2 * scale - 1, y2 * scale - 1], fill=shape.rgb)
    else:
        corners = CORNERS[shape.shape]
        draw.polygon([((x1 + x * (x2 - x1)) * scale, (y1 + y * (y2 - y1)) * scale) for x, y in corners], fill=shape.rgb)


def render(width, height, background, shapes=(), texts=()):
    """A PIL picture. Shapes are drawn at twice the size and averaged, for soft edges."""
    scale = 2
    picture = Image.new("RGB", (width * scale, height * scale), background)
    draw = ImageDraw.Draw(picture)
    for shape in shapes:
        _paint(draw, shape, scale)
    picture = picture.reduce(scale)
    draw = ImageDraw.Draw(picture)
    for text in texts:
        draw.text(text.origin, text.text, font=font(*text.font), fill=text.rgb)
    return picture


def to_array(rng, picture, noise=0):
    """uint8 [height, width, 3], with uniform noise of up to +-noise."""
    pixels = np.asarray(picture)
    if noise > 0:
        shift = rng.integers(-noise, noise + 1, pixels.shape, dtype=np.int16)
        pixels = np.clip(pixels.astype(np.int16) + shift, 0, 255).astype(np.uint8)
    return pixels


def some_noise(rng):
    return int(rng.integers(1, 7)) if rng.random() < 0.3 else 0
