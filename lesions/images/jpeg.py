"""Decoding ordinary JPEG files at a fraction of their size, which is faster."""

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from lesions.errors import InputError

FRACTIONS = (8, 4, 2)
"""The divisors at which libjpeg-turbo can decode straight to a smaller image, with vector instructions."""

APP1 = b"\xe1"
"""Marker of Exif and XMP data, either of which may say that the image has to be turned."""

START_OF_IMAGE, START_OF_SCAN = b"\xff\xd8", b"\xda"

BASELINE = (b"\xc0", b"\xc1")
"""Markers of frames whose colours may all be in one scan; a progressive frame has several scans."""

MAX_SCANS = 100
"""Each scan of a progressive JPEG goes through all pixels again; cameras and programs write about ten."""


def decode_jpeg(data: bytes, *, min_px: int, max_pixels: float) -> tuple[NDArray[np.uint8], int, int] | None:
    """Decode a JPEG at 1/8, 1/4, 1/2 or full size: the smallest whose sides are at least `min_px`.

    Returns
    -------
    (H, W, 3) uint8, and the width and height of the full image; or None if Pillow has to decode the data: it is no
    JPEG, may have to be turned, has four colours or more than `max_pixels`, or is irregular, such as truncated.

    Raises
    ------
    InputError
        If it has more than `MAX_SCANS` scans.
    """
    if not data.startswith(START_OF_IMAGE):
        return None
    is_plain, has_one_scan = _read_segments(data)
    if not has_one_scan and data.count(b"\xff" + START_OF_SCAN) > MAX_SCANS:
        raise InputError(f"a JPEG of more than {MAX_SCANS} scans, which takes too long to decode; save it again")
    if not is_plain:
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


def _read_segments(data: bytes) -> tuple[bool, bool]:
    """Return whether a JPEG has no APP1 segment before its pixels, and whether they are surely in one scan."""
    start, is_plain, num_colours = 2, True, 0
    while data[start : start + 1] == b"\xff":
        marker = data[start + 1 : start + 2]
        if marker == START_OF_SCAN:
            return is_plain, data[start + 4 : start + 5] == bytes([num_colours])
        if marker < b"\xc0" or b"\xd0" <= marker <= b"\xd9" or marker == b"\xff":
            break  # such a marker has no length
        if marker == APP1:
            is_plain = False
        elif marker in BASELINE:
            num_colours = data[start + 9] if len(data) > start + 9 else 0
        start += 2 + int.from_bytes(data[start + 2 : start + 4])
    return False, False
