"""Images of things that no network for skin lesions was trained on, drawn by code."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Drawing = Callable[[np.random.Generator], Image.Image]

SIDE = 256


def draw_noise(rng: np.random.Generator) -> Image.Image:
    """Draw noise: independent pixels, or clouds of one to thirty pixels."""
    pixels = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    blurred = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(float(rng.choice([0, 1, 4, 12, 30]))))
    return _stretch(np.asarray(blurred))


def draw_text(rng: np.random.Generator) -> Image.Image:
    """Draw a page of words, dark on light."""
    image = Image.new("RGB", (SIDE, SIDE), _draw_colour(rng, 215, 256))
    draw = ImageDraw.Draw(image)
    size = int(rng.integers(10, 22))
    for top in range(8, SIDE - size, size + 4):
        words = ("".join(chr(97 + letter) for letter in rng.integers(0, 26, rng.integers(2, 9))) for _ in range(9))
        draw.text((10, top), " ".join(words), fill=_draw_colour(rng, 0, 60), font_size=size)
    return image


def draw_plain_colour(rng: np.random.Generator) -> Image.Image:
    """Draw one colour of any kind, skin's included, with the noise of a sensor."""
    pixels = np.array(_draw_colour(rng, 20, 256)) + rng.normal(0, 2, (SIDE, SIDE, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def draw_scene(rng: np.random.Generator) -> Image.Image:
    """Draw a landscape with a sun, hills, houses and trees, slightly blurred and noisy like a photograph."""
    image = Image.new("RGB", (SIDE, SIDE), _draw_colour(rng, 120, 256))
    draw = ImageDraw.Draw(image)
    x, y, radius = (int(rng.integers(*span)) for span in ((20, SIDE - 20), (15, 80), (8, 30)))
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_draw_colour(rng, 180, 256))
    for horizon in (110, 150, 190):
        heights = horizon + rng.integers(-35, 25, 9)
        hills = [(SIDE * step // 8, int(height)) for step, height in enumerate(heights)]
        draw.polygon([(0, SIDE), *hills, (SIDE, SIDE)], fill=_draw_colour(rng, 20, 190))
    for _ in range(rng.integers(2, 7)):
        left, top, side = (int(each) for each in (rng.integers(0, 220), rng.integers(130, 220), rng.integers(12, 40)))
        draw.rectangle((left, top, left + side, top + side), fill=_draw_colour(rng, 60, 256))
        draw.polygon([(left, top), (left + side // 2, top - side // 2), (left + side, top)], fill=(90, 50, 40))
        draw.rectangle((left + side // 3, top + side // 3, left + side // 2, top + side // 2), fill=(240, 230, 150))
    return _photograph(image, rng)


def draw_portrait(rng: np.random.Generator) -> Image.Image:
    """Draw a face before a background: skin, but no lesion close up."""
    image = Image.new("RGB", (SIDE, SIDE), _draw_colour(rng, 30, 230))
    draw = ImageDraw.Draw(image)
    tone = float(rng.uniform(0.35, 1))
    skin, hair = tuple(int(tone * value) for value in (235, 190, 160)), _draw_colour(rng, 10, 120)
    x, y = rng.integers(-20, 20, 2)
    draw.ellipse((58 + x, 30 + y, 198 + x, 150 + y), fill=hair)
    draw.ellipse((70 + x, 45 + y, 186 + x, 215 + y), fill=skin)
    for side in (100, 156):
        draw.ellipse((side - 12 + x, 108 + y, side + 12 + x, 122 + y), fill="white")
        draw.ellipse((side - 5 + x, 109 + y, side + 5 + x, 121 + y), fill=_draw_colour(rng, 20, 140))
        draw.line((side - 16 + x, 96 + y, side + 16 + x, 92 + y), fill=hair, width=5)
    draw.line((128 + x, 120 + y, 122 + x, 152 + y, 134 + x, 154 + y), fill=hair, width=3)
    draw.arc((104 + x, 160 + y, 152 + x, 190 + y), 10, 170, fill=(170, 60, 70), width=6)
    draw.rectangle((40 + x, 214 + y, 216 + x, SIDE), fill=_draw_colour(rng, 20, 256))
    return _photograph(image, rng)


UNFAMILIAR: dict[str, Drawing] = {
    "noise": draw_noise,
    "text": draw_text,
    "plain colours": draw_plain_colour,
    "landscapes": draw_scene,
    "faces": draw_portrait,
}


def _draw_colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    red, green, blue = rng.integers(low, high, 3).tolist()
    return red, green, blue


def _photograph(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 1.5)))), dtype=np.float64)
    light = np.linspace(rng.uniform(0.7, 1), rng.uniform(0.7, 1), SIDE)[:, None, None]
    return Image.fromarray((blurred * light + rng.normal(0, 4, blurred.shape)).clip(0, 255).astype(np.uint8))


def _stretch(pixels: NDArray[np.uint8]) -> Image.Image:
    low, high = int(pixels.min()), int(pixels.max())
    return Image.fromarray(((pixels.astype(np.float64) - low) / max(1, high - low) * 255).astype(np.uint8))
