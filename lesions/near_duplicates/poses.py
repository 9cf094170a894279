"""Posing one image like another: mirrored, rotated, enlarged and shifted, as their spectra tell."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import rfft2

from lesions.near_duplicates.alignment import COMPARED_PX, correlate_shifts, extract_details, standardise_details
from lesions.near_duplicates.fingerprints import RING_RATIO

FARTHEST_PX = 16
"""The largest shift in each direction, a quarter of the image."""

UPRIGHT = np.array([0, 6, 3, 5])
MIRRORED = np.array([1, 7, 2, 4])
"""The orientations (`turn_images`) that are 0 to 3 quarter turns, of an image as it is and of a mirrored one."""


def pose_images(
    moving: NDArray[np.uint8],
    still: NDArray[np.uint8],
    step: NDArray[np.int64],
    *,
    mirrored: NDArray[np.bool_],
    angle: NDArray[np.float64],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    """Mirror, rotate, enlarge and shift images so that their details meet those of others.

    Parameters
    ----------
    moving, still : (P, 64, 64) uint8
    step : (P,) int
        The enlargement, as a power of 1.06.
    mirrored, angle : (P,)
        Of `compare_spectra`.

    Returns
    -------
    posed, still : (P, 64, 64) uint8
        Both black where the moved image ends.
    orientation : (P,) int
        Which of the eight orientations of a square is nearest to the pose.
    """
    scale = RING_RATIO**step
    fixed = rfft2(standardise_details(extract_details(still)))
    best = np.full(len(moving), -np.inf, dtype=np.float32)
    turned, shift = np.zeros(len(moving)), np.zeros((len(moving), 2))
    # The spectrum of an image that stands on its head is the same.
    for half_turn in (0, np.pi):
        posed = _move_images(moving, mirrored, angle + half_turn, scale, np.zeros_like(shift))
        correlation, peak = _find_shifts(fixed, rfft2(standardise_details(extract_details(posed))))
        better = correlation > best
        best[better], turned[better], shift[better] = correlation[better], (angle + half_turn)[better], peak[better]
    posed = _move_images(moving, mirrored, turned, scale, shift)
    return posed, np.where(posed == 0, 0, still), _name_orientations(mirrored, turned)


def _move_images(
    images: NDArray[np.uint8],
    mirrored: NDArray[np.bool_],
    angle: NDArray[np.float64],
    scale: NDArray[np.floating],
    shift: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """Mirror images left and right, rotate and enlarge them around their centre, and shift them (P, 2) down, right.

    Pixels are 0 where the moved image ends, and at least 1 inside.
    """
    cos, sin, sign = np.cos(angle) / scale, np.sin(angle) / scale, np.where(mirrored, -1, 1)
    # Pillow asks where each pixel comes from, and counts from a pixel's corner.
    x, y = COMPARED_PX / 2 + shift[:, 1], COMPARED_PX / 2 + shift[:, 0]
    middle = COMPARED_PX / 2
    rows = np.stack(
        [sign * cos, sign * sin, middle - sign * (cos * x + sin * y), -sin, cos, middle + sin * x - cos * y], axis=1
    )
    size = (COMPARED_PX, COMPARED_PX)
    return np.stack(
        [
            np.asarray(Image.fromarray(image).transform(size, Image.Transform.AFFINE, row, Image.Resampling.BILINEAR))
            for image, row in zip(np.maximum(images, 1), rows.tolist(), strict=True)
        ]
    )


def _find_shifts(
    fixed: NDArray[np.complex64], moved: NDArray[np.complex64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the highest correlation (P,) over shifts of up to 16 px, and the shift (P, 2) down and right."""
    over_shifts = correlate_shifts(fixed, moved, FARTHEST_PX)
    flat = over_shifts.reshape(len(fixed), -1)
    places = np.stack(np.unravel_index(flat.argmax(axis=1), over_shifts.shape[1:]), axis=1)
    return flat.max(axis=1), places - FARTHEST_PX


def _name_orientations(mirrored: NDArray[np.bool_], angle: NDArray[np.float64]) -> NDArray[np.int64]:
    quarters = np.round(angle / (np.pi / 2)).astype(int) % 4
    return np.where(mirrored, MIRRORED[quarters], UPRIGHT[quarters])
