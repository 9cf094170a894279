"""The eight orientations of a square: four rotations, each also mirrored."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

NUM_ORIENTATIONS = 8

INVERSE = (0, 1, 2, 3, 4, 6, 5, 7)
"""The orientation that undoes each of the eight."""

Pixel = TypeVar("Pixel", bound=np.generic)


def turn_images(images: NDArray[Pixel], orientation: int) -> NDArray[Pixel]:
    """Turn images (N, S, S, ...): bit 1 mirrors left and right, bit 2 top and bottom; then bit 4 transposes."""
    if orientation & 1:
        images = images[:, :, ::-1]
    if orientation & 2:
        images = images[:, ::-1]
    if orientation & 4:
        images = images.swapaxes(1, 2)
    return images


def turn_hashes(hashes: NDArray[np.floating], orientation: int) -> NDArray[np.floating]:
    """Return the hashes (N, F²) of the turned images: mirroring negates the odd frequencies."""
    frequencies = int(np.sqrt(hashes.shape[1]))
    spectra = hashes.reshape(-1, frequencies, frequencies)
    signs = (-1.0) ** np.arange(frequencies)
    if orientation & 1:
        spectra = spectra * signs
    if orientation & 2:
        spectra = spectra * signs[:, None]
    if orientation & 4:
        spectra = spectra.swapaxes(1, 2)
    return np.ascontiguousarray(spectra, dtype=hashes.dtype).reshape(len(hashes), -1)
