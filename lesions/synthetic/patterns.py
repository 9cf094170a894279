"""Patterns on the skin: smooth noise, honeycombs, discs and lines, each (H, W) over one view."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lesions.synthetic.view import FloatArray, View

NOISE_EXTENT_MM = 26.0
OVERSAMPLING = 4


def smooth_noise(view: View, rng: np.random.Generator, *, cell_mm: float) -> FloatArray:
    """Return a smooth random field of mean 0 and standard deviation about 1, (H, W).

    It is white noise on a lattice that is fixed on the skin, with cubic interpolation at the pixels of the view.

    Parameters
    ----------
    view : View
        Which part of the field to return.
    rng : Generator
        Draws the field; the same state gives the same field for every view.
    cell_mm : float
        Distance between nodes of the lattice, which is the finest detail.
    """
    num_nodes = math.ceil(NOISE_EXTENT_MM / cell_mm)
    lattice = Image.fromarray(rng.standard_normal((num_nodes, num_nodes), dtype=np.float32))
    (xx, xy), (yx, yy) = view.rotation() * view.field_mm / view.size_px / cell_mm
    x, y = view.corner_mm() / cell_mm + num_nodes / 2
    field = lattice.transform(
        (view.size_px, view.size_px),
        Image.Transform.AFFINE,
        (xx, xy, x, yx, yy, y),
        Image.Resampling.BICUBIC,
    )
    return np.asarray(field)


def distort_points(view: View, rng: np.random.Generator, *, stray_mm: float) -> FloatArray:
    """Return the pixels' positions (2, H, W) in mm, moved smoothly so that a regular pattern looks grown.

    Parameters
    ----------
    view : View
        Which part of the skin.
    rng : Generator
        Draws the distortion.
    stray_mm : float
        Standard deviation of the shift in x and in y.
    """
    shifts = np.stack([smooth_noise(view, rng, cell_mm=1.2) for _ in range(2)])
    return view.points_mm() + np.float32(stray_mm) * shifts


def honeycomb(points_mm: FloatArray, rng: np.random.Generator, *, cell_mm: float) -> FloatArray:
    """Return a hexagonal pattern, (H, W): 1 at the centre of each cell and about 0.1 on the walls.

    Parameters
    ----------
    points_mm : ndarray of float32, (2, H, W)
        Where to evaluate the pattern.
    rng : Generator
        Draws the direction of the pattern.
    cell_mm : float
        Distance between the centres of cells.
    """
    wave_number = 4 * np.pi / (math.sqrt(3) * cell_mm)
    angles = rng.uniform(0, np.pi) + np.arange(3) * 2 * np.pi / 3
    waves = wave_number * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    phases: FloatArray = np.tensordot(waves.astype(np.float32), points_mm, axes=1)
    waves_met: FloatArray = np.cos(phases).sum(axis=0)
    return (waves_met + 1.5) / 4.5


def spots(points_mm: FloatArray, centres_mm: NDArray[np.float64], radii_mm: NDArray[np.float64]) -> FloatArray:
    """Return soft-edged discs, (H, W): 1 inside any of them and 0 outside all.

    Parameters
    ----------
    points_mm : ndarray of float32, (2, H, W)
        Where to evaluate the discs.
    centres_mm : ndarray, (M, 2)
        Their centres (x, y).
    radii_mm : ndarray, (M,)
        Their radii.
    """
    cover = np.zeros(points_mm.shape[1:], np.float32)
    for (x, y), radius in zip(centres_mm.astype(np.float32), radii_mm.astype(np.float32), strict=True):
        distance = np.hypot(points_mm[0] - x, points_mm[1] - y)
        np.maximum(cover, smooth_step(distance, 1.2 * radius, 0.6 * radius), out=cover)
    return cover


def strokes(curves_px: Sequence[NDArray[np.float64]], widths_px: Sequence[float], *, size_px: int) -> FloatArray:
    """Return anti-aliased lines, (H, W): 1 on a line and 0 off it.

    Parameters
    ----------
    curves_px : sequence of ndarray, each (M, 2)
        The points (x, y) that each line joins.
    widths_px : sequence of float
        The width of each line.
    size_px : int
        Width and height of the image.
    """
    canvas = Image.new("L", (size_px * OVERSAMPLING, size_px * OVERSAMPLING))
    pen = ImageDraw.Draw(canvas)
    for curve, width in zip(curves_px, widths_px, strict=True):
        points = [(x, y) for x, y in curve * OVERSAMPLING]
        pen.line(points, fill=255, width=max(1, round(width * OVERSAMPLING)))
    return np.asarray(canvas.reduce(OVERSAMPLING), np.float32) / 255


def smooth_step(values: FloatArray, start: float, end: float) -> FloatArray:
    """Return values that rise smoothly from 0 at `start` to 1 at `end`, or fall if `start` is greater.

    Parameters
    ----------
    values : ndarray of float32
        Of any shape.
    start, end : float
        Where the values reach 0 and where they reach 1; they differ.
    """
    rise: FloatArray = np.clip((values - start) / (end - start), 0, 1)
    return rise * rise * (3 - 2 * rise)
