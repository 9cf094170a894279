"""Comparing two images by the correlation of their details, after aligning one with the other."""

from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft2
from scipy.ndimage import gaussian_filter1d, label, maximum_filter
from scipy.sparse import csr_array

from lesions.near_duplicates.orientation import turn_images
from lesions.near_duplicates.perceptual_hash import circular_window

COMPARED_PX = 64
"""Side of the grey images that are compared."""


class Positions(NamedTuple):
    """Angles in degrees and scales that an alignment tries, each with every shift of up to 5 px."""

    angles: tuple[int, ...]
    scales: tuple[float, ...]


ALL = Positions((-8, -6, -4, -2, 0, 2, 4, 6, 8), (0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12))

NEAR = Positions((-2, 0, 2), (0.96, 1.0, 1.04))
"""For an image that is already posed like the other."""

MAX_SHIFT_PX = 5

SOFT_EDGE = 0.3
"""Fraction of the radius over which the circular window falls from one to zero."""

DARK = 20
RIM_PX = 4
"""Grey level below which regions at the edge are the dermoscope or a bar, not skin; and the width of their rim."""

DETAIL_PX = 2
NEIGHBOURHOOD_PX = 4
NOISE = 4
"""Standard deviations that `extract_details` uses: of its two blurs in px, and of the noise in grey levels."""


def extract_details(grey: NDArray[Any]) -> NDArray[np.float32]:
    """Return details finer than 2 px, divided by the strength of the details around them.

    Two dark moles on plain skin differ only in their details. Without the division, the rim of a dark mole would
    outweigh all other details. The dark surround of a dermoscope's view has no details.

    Parameters
    ----------
    grey : (P, S, S), 0 to 255

    Returns
    -------
    (P, S, S) float32
    """
    fine = grey - _blur_images(grey.astype(np.float32), DETAIL_PX)
    strength = _blur_images(fine**2, NEIGHBOURHOOD_PX)
    return np.where(_find_surround(grey), 0, fine / np.sqrt(strength + NOISE**2)).astype(np.float32)


def _blur_images(images: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Blur images (P, S, S) with a Gaussian; a product of matrices takes a third of the time of a filter."""
    blur = _build_blur(images.shape[1], sigma_px)
    return np.asarray(blur @ images @ blur.T)


@cache
def _build_blur(size: int, sigma_px: float) -> NDArray[np.float32]:
    return np.asarray(gaussian_filter1d(np.eye(size), sigma_px, axis=0), dtype=np.float32)


def _find_surround(grey: NDArray[Any]) -> NDArray[np.bool_]:
    """Return the pixels (P, S, S) of dark regions that reach the image's edge, widened by a rim."""
    neighbours = np.zeros((3, 3, 3), dtype=bool)
    neighbours[1] = True
    regions, _ = label(grey < DARK, neighbours)
    edge = np.ones(grey.shape[1:], dtype=bool)
    edge[1:-1, 1:-1] = False
    at_edge = np.setdiff1d(regions[:, edge], [0])
    return np.asarray(maximum_filter(np.isin(regions, at_edge), size=(1, 2 * RIM_PX + 1, 2 * RIM_PX + 1)))


def correlate_images(
    first: NDArray[np.uint8], second: NDArray[np.uint8], orientation: NDArray[np.int64], positions: Positions = ALL
) -> NDArray[np.float32]:
    """Return the highest correlation of the details of pairs of grey images, over all positions tried.

    Parameters
    ----------
    first, second : (P, 64, 64) uint8
    orientation : (P,) int
        How each first image is turned before the comparison.
    positions
        The angles and scales that are tried.

    Returns
    -------
    (P,) float32, from 0 to 1
    """
    turned = np.concatenate([turn_images(image[None], way) for image, way in zip(first, orientation, strict=True)])
    columns = np.ascontiguousarray(extract_details(turned).reshape(len(turned), -1).T)
    fixed = rfft2(standardise_details(extract_details(second)))
    best = np.zeros(len(turned), dtype=np.float32)
    for warp in _build_warps(positions):
        moved = standardise_details((warp @ columns).T.reshape(turned.shape))
        np.maximum(best, correlate_shifts(fixed, rfft2(moved), MAX_SHIFT_PX).max(axis=(1, 2)), out=best)
    return best


def standardise_details(details: NDArray[np.float32]) -> NDArray[np.float32]:
    """Apply a circular window to each image, and scale it to mean 0 and length 1."""
    window = _build_window()
    centred = (details - np.tensordot(details, window / window.sum(), 2)[:, None, None]) * window
    lengths = np.sqrt(np.einsum("pyx,pyx->p", centred, centred))[:, None, None]
    # An image of a single colour has no details but rounding errors.
    return np.asarray(centred / np.maximum(lengths, 0.01))


def correlate_shifts(
    fixed: NDArray[np.complex64], moved: NDArray[np.complex64], max_shift_px: int
) -> NDArray[np.float32]:
    """Return the correlations of images at every shift of up to `max_shift_px`, from their spectra (P, 64, 33).

    Returns
    -------
    (P, 2 `max_shift_px` + 1, 2 `max_shift_px` + 1) float32
        By the shift down and the shift to the right of the moved image.
    """
    down, right = _build_shifts(max_shift_px)
    return np.asarray((down @ (fixed * moved.conj()) @ right).real)


@cache
def _build_shifts(max_shift_px: int) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Return the matrices of an inverse Fourier transform that is read at few places."""
    shifts = np.arange(-max_shift_px, max_shift_px + 1)
    frequencies = np.arange(COMPARED_PX // 2 + 1)
    # Of the frequencies along x, only half are there; all but the first and the last stand for two.
    times = np.where((frequencies == 0) | (frequencies == COMPARED_PX // 2), 1, 2) / COMPARED_PX
    down = np.exp(2j * np.pi / COMPARED_PX * np.outer(shifts, np.arange(COMPARED_PX))) / COMPARED_PX
    right = times[:, None] * np.exp(2j * np.pi / COMPARED_PX * np.outer(frequencies, shifts))
    return down.astype(np.complex64), right.astype(np.complex64)


@cache
def _build_window() -> NDArray[np.float32]:
    return circular_window(COMPARED_PX, SOFT_EDGE).astype(np.float32)


@cache
def _build_warps(positions: Positions) -> list[csr_array]:
    """Return the matrices (S², S²) that rotate and scale flattened images with linear interpolation."""
    return [_build_warp(np.radians(angle), scale) for angle, scale in product(*positions)]


def _build_warp(angle: float, scale: float) -> csr_array:
    y, x = np.mgrid[:COMPARED_PX, :COMPARED_PX] - (COMPARED_PX - 1) / 2
    from_y = scale * (np.cos(angle) * y + np.sin(angle) * x) + (COMPARED_PX - 1) / 2
    from_x = scale * (np.cos(angle) * x - np.sin(angle) * y) + (COMPARED_PX - 1) / 2
    pixels = np.arange(COMPARED_PX**2)
    parts = []
    for down, right in product((0, 1), (0, 1)):
        row, column = np.floor(from_y).astype(int) + down, np.floor(from_x).astype(int) + right
        weight = (1 - np.abs(from_y - row)) * (1 - np.abs(from_x - column))
        inside = ((row >= 0) & (row < COMPARED_PX) & (column >= 0) & (column < COMPARED_PX)).ravel()
        source = (row * COMPARED_PX + column).ravel()
        parts.append((weight.ravel()[inside], pixels[inside], source[inside]))
    weights, targets, sources = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return csr_array((weights.astype(np.float32), (targets, sources)), shape=(len(pixels), len(pixels)))
