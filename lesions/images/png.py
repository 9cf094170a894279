"""Checking that a PNG file is whole, which Pillow does not: it reads the pixels whatever their checksum says."""

from zlib import crc32

from lesions.errors import InputError

SIGNATURE_BYTES = 8

LAST = b"IEND"


def check_png(data: bytes) -> None:
    """Raise InputError if a chunk of a PNG file is damaged or cut short, or its last chunk is missing."""
    start, view = SIGNATURE_BYTES, memoryview(data)
    while True:
        end = start + 8 + int.from_bytes(data[start : start + 4])
        if len(data) < end + 4:
            raise InputError("broken image: image file is truncated")
        if crc32(view[start + 4 : end]) != int.from_bytes(data[end : end + 4]):
            raise InputError("broken image: damaged, as a checksum in the PNG file says")
        if data[start + 4 : start + 8] == LAST:
            return
        start = end + 4
