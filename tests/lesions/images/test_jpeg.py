"""Tests that JPEG files are decoded as by Pillow, at the smallest size that has enough pixels."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lesions.errors import InputError
from lesions.images.jpeg import decode_jpeg

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8))


def encode(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}], ids=str
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    ("min_px", "size"), [(96, (128, 96)), (49, (128, 96)), (48, (64, 48)), (12, (16, 12)), (1, (16, 12))]
)
def test_pixels_equal_those_of_pillow(mode: str, options: dict[str, Any], min_px: int, size: tuple[int, int]) -> None:
    data = encode(NOISE.convert(mode), **options)
    decoded = decode_jpeg(data, min_px=min_px, max_pixels=128 * 96)
    assert decoded is not None
    pixels, *whole = decoded
    assert whole == [128, 96]
    with Image.open(io.BytesIO(data)) as image:
        image.draft(mode, size)
        expected = np.asarray(image.convert("RGB"))
    assert expected.shape[1::-1] == size
    np.testing.assert_allclose(pixels, expected, atol=1)


def test_a_size_that_is_not_a_multiple_of_eight_is_rounded_up() -> None:
    decoded = decode_jpeg(encode(NOISE.crop((0, 0, 101, 65))), min_px=8, max_pixels=1e6)
    assert decoded is not None
    pixels, *whole = decoded
    assert pixels.shape == (9, 13, 3)
    assert whole == [101, 65]


def insert_segment(segment: bytes) -> bytes:
    data = encode(NOISE)
    return data[:2] + segment + data[2:]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        encode(NOISE)[:-2],
        encode(NOISE)[:1000],
        encode(NOISE)[:21],
        encode(NOISE.convert("CMYK")),
        encode(NOISE, exif=Image.Exif()),
        encode(NOISE, xmp=b"<x:xmpmeta>"),
        insert_segment(b"\xff"),
        insert_segment(b"filled"),
        encode(NOISE.resize((129, 96))),
    ],
    ids=["empty", "html", "no-end", "cut", "cut-header", "cmyk", "exif", "xmp", "padded", "garbage", "too-large"],
)
def test_irregular_data_is_left_to_pillow(data: bytes) -> None:
    assert decode_jpeg(data, min_px=8, max_pixels=128 * 96) is None


def test_a_comment_segment_is_skipped() -> None:
    assert decode_jpeg(insert_segment(b"\xff\xfe\x00\x04\xff\xe1"), min_px=8, max_pixels=1e6) is not None


def add_scans(data: bytes, number: int) -> bytes:
    """Repeat the last scan of a progressive JPEG."""
    start = data.rindex(b"\xff\xda")
    return data[:-2] + data[start:-2] * number + data[-2:]


@pytest.mark.parametrize("options", [{}, {"exif": Image.Exif()}], ids=["plain", "exif"])
def test_a_jpeg_of_very_many_scans_is_refused_at_once(options: dict[str, Any]) -> None:
    data = encode(NOISE, progressive=True, **options)
    with pytest.raises(InputError, match="a JPEG of more than 100 scans, which takes too long to decode"):
        decode_jpeg(add_scans(data, 100), min_px=8, max_pixels=1e6)


def test_usual_numbers_of_scans_are_read() -> None:
    assert decode_jpeg(encode(NOISE, progressive=True), min_px=8, max_pixels=1e6) is not None
    decode_jpeg(add_scans(encode(NOISE, progressive=True), 80), min_px=8, max_pixels=1e6)  # irregular: left to Pillow


@pytest.mark.parametrize("before", [b"\xff\x01", b"\xff\xd0", b"filled"])
def test_scans_are_counted_even_if_the_header_is_irregular(before: bytes) -> None:
    data = encode(NOISE, progressive=True)
    with pytest.raises(InputError, match="more than 100 scans"):
        decode_jpeg(add_scans(data[:2] + before + data[2:], 100), min_px=8, max_pixels=1e6)


def test_the_bytes_of_a_scan_in_a_comment_do_not_count_for_a_baseline_jpeg() -> None:
    comment = b"\xff\xda" * 200
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment
    assert decode_jpeg(insert_segment(segment), min_px=8, max_pixels=1e6) is not None
