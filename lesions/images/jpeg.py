"""Decoding ordinary JPEG files at a fraction of their size."""

import numpy as np
import simplejpeg
from numpy.typing import NDArray

FRACTIONS = (8, 4, 2)
"""At these, libjpeg-turbo averages blocks of pixels before they are pixels, with vector instructions."""

APP1 = b"\xe1"
"""Marks Exif and XMP data, either of which may say that the image has to be turned."""

START_OF_SCAN = b"\xda"


def decode_jpeg(data: bytes, *, min_px: int, max_pixels: float) -> tuple[NDArray[np.uint8], int, int] | None:
    """Decode a JPEG at 1/8, 1/4, 1/2 or whole, the smallest whose sides have at least `min_px`.

    Returns
    -------
    (H, W, 3) uint8, and the width and height of the whole image; or None for what Pillow has to look at: no JPEG, or
    one that may have to be turned, of four colours, of more than `max_pixels`, or odd, as one that ends early.
    """
    if not _is_plain(data):
        return None
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        if colours not in ("YCbCr", "RGB", "Gray") or width * height > max_pixels:
            return None
        divisor = next((n for n in FRACTIONS if min(width, height) // n >= min_px), 1)
        pixels = simplejpeg.decode_jpeg(data, min_width=-(-width // divisor), min_height=-(-height // divisor))
    except ValueError:
        return None
    return pixels, width, height


def _is_plain(data: bytes) -> bool:
    """Return whether segments lead from the start of a JPEG to its pixels, and none is an APP1."""
    if not data.startswith(b"\xff\xd8"):
        return False
    start = 2
    while data[start : start + 1] == b"\xff":
        marker = data[start + 1 : start + 2]
        if marker in (APP1, START_OF_SCAN):
            return marker == START_OF_SCAN
        start += 2 + int.from_bytes(data[start + 2 : start + 4])
    return False
