"""A hash of 100 bytes that is nearly the same for altered copies of an image."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

FREQUENCIES = 10
"""Number of frequencies in each direction."""

SOFT_EDGE = 0.6
"""Fraction of the radius over which the circular window falls from one to zero."""


def perceptual_hash(thumbnails: NDArray[np.float32]) -> NDArray[np.int8]:
    """Hash grey thumbnails by their lowest frequencies (after pHash; Zauner 2010).

    The mean is subtracted, a circular window is applied, and the cosine transform's lowest coefficients are taken.
    They are multiplied by their frequency, because natural images contain little of the high ones, and scaled to
    length 127. The window removes the corners, which a rotation fills with something else. The product of two hashes
    divided by 127² is then their similarity, at most 1, independent of brightness and contrast.

    Parameters
    ----------
    thumbnails : (N, S, S) float32

    Returns
    -------
    (N, 100) int8
    """
    window = circular_window(thumbnails.shape[1], SOFT_EDGE)
    means = (thumbnails * window).sum(axis=(1, 2), keepdims=True) / window.sum()
    spectra = dctn((thumbnails - means) * window, axes=(1, 2), norm="ortho")[:, :FREQUENCIES, :FREQUENCIES]
    weighted = (spectra * np.hypot(*np.mgrid[:FREQUENCIES, :FREQUENCIES])).reshape(len(thumbnails), -1)
    # The hash of an image of a single colour is zero.
    lengths = np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-3)
    return np.round(127 * weighted / lengths).astype(np.int8)


def circular_window(size: int, soft_edge: float) -> NDArray[np.float64]:
    """Return weights (S, S) that fall from 1 to 0 over the last `soft_edge` of the inscribed circle's radius."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip((1 - np.hypot(y, x) / (size / 2)) / soft_edge, 0, 1)


def spell_hash(image_hash: NDArray[np.int8]) -> str:
    """Write one hash (100,) as 200 hexadecimal digits."""
    return image_hash.tobytes().hex()


def parse_hashes(spelled: Iterable[str]) -> NDArray[np.int8]:
    """Read hashes (N, 100) from their hexadecimal digits."""
    return np.frombuffer(bytes.fromhex("".join(spelled)), dtype=np.int8).reshape(-1, FREQUENCIES**2)
