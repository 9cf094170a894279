"""Fingerprints of an image's details, which rotating, mirroring and shifting the image change little."""

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft, rfft2
from scipy.sparse import csr_array

from lesions.near_duplicates.alignment import COMPARED_PX
from lesions.near_duplicates.perceptual_hash import circular_window

NUM_ANGLES = 48
"""Directions at which a spectrum is read, over half a circle; the other half is the same."""

INNER_RING = 5
RING_RATIO = 1.06
NUM_RINGS = 27
"""Frequencies at which a spectrum is read: from 5 to 23 cycles per image, each 1.06 times the one before."""

NUM_STEPS = 4
"""Enlargements by 1.06⁰ to 1.06³ that are read from one spectrum. At larger ones the image shows too much else."""

HARMONICS = 16
"""How many frequencies around the circle a fingerprint has of each ring."""

SOFT_EDGE = 0.4
"""Fraction of the radius over which the circular window falls to zero."""

PADDED_PX = 96
"""Side to which images are padded with zeros, so that their spectra are read at steps of 2/3 cycle."""


def measure_spectra(details: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how strong the details of images are by frequency and direction.

    A shift of the image changes no strength, a rotation moves all of them to other directions, and an enlargement
    moves all of them to lower frequencies (the Fourier-Mellin transform; Reddy and Chatterji 1996). Each ring has
    mean 0 and standard deviation 1.

    Parameters
    ----------
    details : (N, 64, 64) float32
        Of `extract_details`.

    Returns
    -------
    (N, 27, 48) float32
        By ring and direction.
    """
    window = circular_window(COMPARED_PX, SOFT_EDGE).astype(np.float32)
    centred = (details - np.tensordot(details, window / window.sum(), 2)[:, None, None]) * window
    strengths = np.abs(rfft2(centred, s=(PADDED_PX, PADDED_PX))).reshape(len(details), -1)
    rings = (_build_rings() @ strengths.T).T.reshape(-1, NUM_RINGS, NUM_ANGLES)
    rings -= rings.mean(axis=2, keepdims=True)
    # An image of a single colour has no details but rounding errors.
    return np.asarray(rings / np.maximum(rings.std(axis=2, keepdims=True), 0.1))


def build_fingerprints(spectra: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Build the fingerprints of images enlarged by 1.06 to the power of `step`, from their spectra as they are.

    Only the amplitudes around each circle are kept, which neither a rotation nor a mirror image changes. The product
    of two fingerprints is their similarity, at most 1.

    Parameters
    ----------
    spectra : (N, 27, 48) float32
    step
        From 0 to 3.

    Returns
    -------
    (N, 192) float32, of length 1; of an image of a single colour, nearly 0
    """
    rings = spectra[:, step : NUM_RINGS - NUM_STEPS + 1 + step : 2]
    amplitudes = np.abs(rfft(rings, axis=2))[:, :, 1 : HARMONICS + 1]
    amplitudes -= amplitudes.mean(axis=1, keepdims=True)
    flat = amplitudes.reshape(len(spectra), -1)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1))


@cache
def _build_rings() -> csr_array:
    """Return the matrix that reads flattened half spectra (96, 49) at rings and directions."""
    radius = PADDED_PX / COMPARED_PX * INNER_RING * RING_RATIO ** np.arange(NUM_RINGS)[:, None]
    angle = np.arange(NUM_ANGLES) * np.pi / NUM_ANGLES
    y, x = (radius * np.sin(angle)).ravel(), (radius * np.cos(angle)).ravel()
    # Only frequencies to the right are there; those to the left are the same, seen from the other side.
    y, x = np.where(x < 0, -y, y), np.abs(x)
    width = PADDED_PX // 2 + 1
    matrix = csr_array((len(y), PADDED_PX * width), dtype=np.float32)
    for down, right in product((0, 1), (0, 1)):
        row, column = np.floor(y).astype(int) + down, np.floor(x).astype(int) + right
        weight = ((1 - np.abs(y - row)) * (1 - np.abs(x - column))).astype(np.float32)
        matrix += csr_array((weight, (np.arange(len(y)), row % PADDED_PX * width + column)), shape=matrix.shape)
    return matrix
