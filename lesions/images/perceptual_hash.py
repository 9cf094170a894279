"""A 64-bit hash that similar images share most bits of."""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

HASH_BITS = 64


def perceptual_hash(thumbnails: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Hash grey thumbnails by the signs of their lowest frequencies (pHash; Zauner 2010).

    Each of the 8 × 8 lowest coefficients of the cosine transform, the mean left out of the threshold, gives
    one bit: whether it is above their median.

    Parameters
    ----------
    thumbnails : (N, S, S) float32

    Returns
    -------
    (N,) uint64
    """
    coefficients = dctn(thumbnails, axes=(1, 2), norm="ortho")[:, :8, :8].reshape(-1, HASH_BITS)
    bits = coefficients > np.median(coefficients[:, 1:], axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)
