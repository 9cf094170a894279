"""Posing one image like another: mirrored, rotated, enlarged and shifted, as their spectra tell."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import irfft, rfft, rfft2

from lesions.near_duplicates.alignment import COMPARED_PX, correlate_shifts, extract_details, standardise_details
from lesions.near_duplicates.fingerprints import NUM_ANGLES, NUM_RINGS, NUM_STEPS, RING_RATIO, measure_spectra

FARTHEST_PX = 16
"""The largest shift in each direction, a quarter of the image."""

UPRIGHT = np.array([0, 6, 3, 5])
MIRRORED = np.array([1, 7, 2, 4])
"""The orientations (`turn_images`) that are 0 to 3 quarter turns, of an image as it is and of a mirrored one."""


def pose_images(
    moving: NDArray[np.uint8], still: NDArray[np.uint8], step: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]:
    """Mirror, rotate, enlarge and shift images so that their details meet those of others.

    Parameters
    ----------
    moving, still : (P, 64, 64) uint8
    step : (P,) int
        The enlargement, as a power of 1.06.

    Returns
    -------
    posed, still : (P, 64, 64) uint8
        Both black where the moved image ends.
    correlation : (P,) float32
        Of the details, where they meet best.
    orientation : (P,) int
        Which of the eight orientations of a square is nearest to the pose.
    """
    details = extract_details(still)
    mirrored, angle = _estimate_rotations(measure_spectra(extract_details(moving)), measure_spectra(details), step)
    scale = RING_RATIO**step
    fixed = rfft2(standardise_details(details))
    best = np.full(len(moving), -np.inf, dtype=np.float32)
    turned, shift = np.zeros(len(moving)), np.zeros((len(moving), 2))
    # The spectrum of an image that stands on its head is the same.
    for half_turn in (0, np.pi):
        posed = _move_images(moving, mirrored, angle + half_turn, scale, np.zeros_like(shift))
        correlation, peak = _find_shifts(fixed, rfft2(standardise_details(extract_details(posed))))
        better = correlation > best
        best[better], turned[better], shift[better] = correlation[better], (angle + half_turn)[better], peak[better]
    posed = _move_images(moving, mirrored, turned, scale, shift)
    return posed, np.where(posed == 0, 0, still), best, _name_orientations(mirrored, turned)


def _estimate_rotations(
    moving: NDArray[np.float32], still: NDArray[np.float32], step: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return whether each image is mirrored (P,), and by what angle (P,) in radians it is then rotated, up to π."""
    kept = NUM_RINGS - NUM_STEPS + 1
    rings = step[:, None] + np.arange(kept)
    around = rfft(moving[np.arange(len(moving))[:, None], rings], axis=2)
    fixed = rfft(still[:, :kept], axis=2)
    # A mirror image has its directions in reverse order.
    products = np.stack([(fixed * around.conj()).sum(axis=1), (fixed * around).sum(axis=1)], axis=1)
    over_angles = irfft(products, n=NUM_ANGLES, axis=2)
    which, peak = np.divmod(over_angles.reshape(len(moving), -1).argmax(axis=1), NUM_ANGLES)
    chosen = over_angles[np.arange(len(moving)), which]
    before, at, after = (chosen[np.arange(len(moving)), (peak + offset) % NUM_ANGLES] for offset in (-1, 0, 1))
    between = (after - before) / np.maximum(2 * (2 * at - before - after), 1e-6)
    return which == 1, (peak + between) * np.pi / NUM_ANGLES


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
