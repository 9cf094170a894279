"""A hash of 100 bytes that altered copies of an image share nearly."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

FREQUENCIES = 10
"""Frequencies in each direction."""

SOFT_EDGE = 0.6
"""Part of the radius over which the circular window falls from one to zero."""


def perceptual_hash(thumbnails: NDArray[np.float32]) -> NDArray[np.int8]:
    """Hash grey thumbnails by their lowest frequencies (after pHash; Zauner 2010).

    The coefficients of the cosine transform, of what a circular window leaves of the image less its mean, are
    weighted by their frequency, since natural images have little of the high ones, and brought to length 127.
    The window takes away the corners, which a rotation fills with something else. So the product of two hashes,
    over 127², is their similarity, at most 1, whatever the brightness and the contrast.

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
    # An image of a single colour has no direction; its hash is zero.
    lengths = np.maximum(np.linalg.norm(weighted, axis=1, keepdims=True), 1e-3)
    return np.round(127 * weighted / lengths).astype(np.int8)


def circular_window(size: int, soft_edge: float) -> NDArray[np.float64]:
    """Return weights (S, S): one in the middle, falling to zero at the inscribed circle over a part of its radius."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip((1 - np.hypot(y, x) / (size / 2)) / soft_edge, 0, 1)


def spell_hash(found: NDArray[np.int8]) -> str:
    """Write one hash (100,) as 200 hexadecimal digits."""
    return found.tobytes().hex()


def parse_hashes(spelled: Iterable[str]) -> NDArray[np.int8]:
    """Read hashes (N, 100) from their hexadecimal digits."""
    return np.frombuffer(bytes.fromhex("".join(spelled)), dtype=np.int8).reshape(-1, FREQUENCIES**2)
