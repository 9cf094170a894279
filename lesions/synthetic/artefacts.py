"""Artefacts of a dermoscopic image, independent of the diagnosis: hairs, gel bubbles, a ruler, a vignette."""

import math

import numpy as np

from lesions.synthetic.patterns import smooth_step, strokes
from lesions.synthetic.view import FloatArray, View

# Share of the images that show each artefact.
HAIRY = 0.30
BUBBLY = 0.15
RULED = 0.12
VIGNETTED = 0.25


def add_artefacts(picture: FloatArray, view: View, rng: np.random.Generator) -> FloatArray:
    """Return the picture with random artefacts and lighting.

    Parameters
    ----------
    picture : ndarray of float32, (H, W, 3)
        Skin and lesion, 0 to 1.
    view : View
        How the dermoscope was held.
    rng : Generator
        The image's own stream.
    """
    if rng.random() < HAIRY:
        picture = _add_hairs(picture, rng)
    if rng.random() < BUBBLY:
        picture = _add_bubbles(picture, rng)
    if rng.random() < RULED:
        picture = _add_ruler(picture, view, rng)
    if rng.random() < VIGNETTED:
        picture = _add_vignette(picture, rng)
    return _light_picture(picture, rng)


def _add_hairs(picture: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw a few dark or light hairs over the picture, all in about the same direction."""
    size_px = len(picture)
    direction = rng.uniform(0, 2 * math.pi)
    along = np.linspace(-0.5, 0.5, 12)
    curves_px = []
    for _ in range(rng.integers(2, 14)):
        angle = direction + rng.normal(0, 0.5)
        cos, sin = math.cos(angle), math.sin(angle)
        length, bend = rng.uniform(0.3, 1.1), rng.normal(0, 0.35)
        x, y = length * along, bend * length * along**2
        curve = np.stack([cos * x - sin * y, sin * x + cos * y], axis=1) + rng.uniform(0, 1, 2)
        curves_px.append(curve * size_px)
    widths_px = rng.uniform(0.006, 0.013, len(curves_px)) * size_px
    hair = np.array([0.16, 0.11, 0.09], np.float32) * rng.uniform(0.6, 3.5)
    return _blend_colour(picture, hair, 0.85 * strokes(curves_px, list(widths_px), size_px=size_px))


def _add_bubbles(picture: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Add bubbles of the immersion gel, each with a bright rim, a darker edge outside it, and a highlight."""
    x, y = _unit_grid(len(picture))
    white = np.ones(3, np.float32)
    for _ in range(rng.integers(1, 6)):
        left, top, radius = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.02, 0.09)
        away = np.hypot(x - left, y - top) / radius
        from_glint = np.hypot(x - left + 0.4 * radius, y - top + 0.4 * radius) / radius
        edge = 0.25 * np.exp(-(((away - 1.15) / 0.15) ** 2))
        rim = 0.45 * np.exp(-(((away - 0.9) / 0.15) ** 2))
        glint = smooth_step(from_glint, 0.35, 0.1)
        picture = _blend_colour(picture * (1 - edge)[..., None], white, np.maximum(rim, glint))
    return picture


def _add_ruler(picture: FloatArray, view: View, rng: np.random.Generator) -> FloatArray:
    """Draw a ruler's millimetre marks along one edge."""
    size_px = len(picture)
    millimetre = size_px / view.field_mm
    marks_px = np.arange(rng.uniform(0, 1), view.field_mm) * millimetre
    lengths = np.where(np.arange(len(marks_px)) % 5 == rng.integers(5), 0.09, 0.05) * size_px
    marks = [np.array([[x, 0], [x, length]]) for x, length in zip(marks_px, lengths, strict=True)]
    printed = strokes(marks, [0.012 * size_px] * len(marks), size_px=size_px)
    return _blend_colour(picture, np.full(3, 0.1, np.float32), 0.8 * np.rot90(printed, int(rng.integers(4))))


def _add_vignette(picture: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Darken the picture outside the lens's bright circle."""
    x, y = _unit_grid(len(picture))
    away = np.hypot(x - 0.5, y - 0.5)
    start = rng.uniform(0.4, 0.55)
    shade = rng.uniform(0.2, 0.9) * smooth_step(away, start, start + rng.uniform(0.1, 0.4))
    return picture * (1 - shade)[..., None]


def _light_picture(picture: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Light the picture slightly from one side, and add the camera's white balance and noise."""
    x, y = _unit_grid(len(picture))
    angle = rng.uniform(0, 2 * math.pi)
    slope = rng.uniform(0, 0.12) * (math.cos(angle) * (x - 0.5) + math.sin(angle) * (y - 0.5))
    gain = np.exp(rng.normal(0, 0.04) + rng.normal(0, 0.015, 3)).astype(np.float32)
    noise = 0.012 * rng.standard_normal(picture.shape, dtype=np.float32)
    lit: FloatArray = picture * gain * (1 + slope)[..., None]
    return lit + noise


def _blend_colour(picture: FloatArray, colour: FloatArray, opacity: FloatArray) -> FloatArray:
    """Blend a colour (3,) over the picture with an opacity (H, W) from 0 to 1."""
    return picture + opacity[..., None] * (colour - picture)


def _unit_grid(size_px: int) -> FloatArray:
    """Return the x and y of the pixel centres (2, H, W), from 0 to 1 across the image."""
    along = (np.arange(size_px, dtype=np.float32) + np.float32(0.5)) / np.float32(size_px)
    return np.stack(np.meshgrid(along, along))
