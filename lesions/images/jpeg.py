"""Decoding ordinary JPEG files at a fraction of their size, which is faster."""

import numpy as np
import simplejpeg
from numpy.typing import NDArray

FRACTIONS = (8, 4, 2)
"""The divisors at which libjpeg-turbo can decode straight to a smaller image, with vector instructions."""

APP1 = b"\xe1"
"""Marker of Exif and XMP data, either of which may say that the image has to be turned."""

START_OF_SCAN = b"\xda"


def decode_jpeg(data: bytes, *, min_px: int, max_pixels: float) -> tuple[NDArray[np.uint8], int, int] | None:
    """Decode a JPEG at 1/8, 1/4, 1/2 or full size: the smallest whose sides are at least `min_px`.

    Returns
    -------
    (H, W, 3) uint8, and the width and height of the full image; or None if Pillow has to decode the data: it is no
    JPEG, may have to be turned, has four colours or more than `max_pixels`, or is irregular, such as truncated.
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
    """Return whether the data is a JPEG that has no APP1 segment before its pixels."""
    if not data.startswith(b"\xff\xd8"):
        return False
    start = 2
    while data[start : start + 1] == b"\xff":
        marker = data[start + 1 : start + 2]
        if marker in (APP1, START_OF_SCAN):
            return marker == START_OF_SCAN
        start += 2 + int.from_bytes(data[start + 2 : start + 4])
    return False
