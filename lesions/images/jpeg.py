"""Decoding ordinary JPEG files at a fraction of their size."""

import numpy as np
import simplejpeg
from numpy.typing import NDArray

FRACTIONS = (8, 4, 2)
"""At these, libjpeg-turbo averages blocks of pixels before they are pixels, with vector instructions."""


def decode_jpeg(data: bytes, width_px: int, height_px: int, *, min_px: int) -> NDArray[np.uint8] | None:
    """Decode a JPEG of a known size at 1/8, 1/4, 1/2 or whole, the smallest whose sides have at least `min_px`.

    Returns
    -------
    (H, W, 3) uint8, or None if the decoder finds anything odd, as that the data end early.
    """
    divisor = next((n for n in FRACTIONS if min(width_px, height_px) // n >= min_px), 1)
    try:
        if simplejpeg.decode_jpeg_header(data)[:2] != (height_px, width_px):
            return None
        return simplejpeg.decode_jpeg(data, min_width=-(-width_px // divisor), min_height=-(-height_px // divisor))
    except ValueError:
        return None
