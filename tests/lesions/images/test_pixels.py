"""Tests that values of pixels keep their meaning in 8 bits, or are refused by name."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lesions.errors import InputError
from lesions.images.decode import DecodingParameters, decode_image

PARAMETERS = DecodingParameters(size_px=8, fit="crop", max_megapixels=1)

RAMP = np.tile(np.linspace(0, 1, 16), (16, 1))
"""Grey from black at the left to white at the right."""

COLOURS = np.stack([RAMP, np.full((16, 16), 0.5), 1 - RAMP], axis=-1)
HALF, CLEAR = np.full((16, 16, 1), 0.5), np.zeros((16, 16, 1))


def scale(values: NDArray[np.float64], kind: str, largest: float) -> NDArray[Any]:
    return (values * largest).round().astype(kind)


def write_tiff(pixels: NDArray[Any], *, photometric: int, sample_format: int = 1, extra: int | None = None) -> bytes:
    """Write pixels (H, W) or (H, W, C) as they are, which Pillow cannot for most kinds."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    data = pixels.tobytes()
    tags: dict[int, list[int]] = {
        256: [width],
        257: [height],
        258: [pixels.itemsize * 8] * channels,
        259: [1],
        262: [photometric],
        273: [0],
        277: [channels],
        278: [height],
        279: [len(data)],
        339: [sample_format] * channels,
    }
    if extra is not None:
        tags[338] = [extra]
    end = 8 + 2 + 12 * len(tags) + 4
    tags[273] = [end + sum(2 * len(values) for values in tags.values() if len(values) > 2)]
    entries, values_beside = b"", b""
    for tag, values in sorted(tags.items()):
        spelled = struct.pack(f"<{len(values)}H", *values).ljust(4, b"\0")
        if len(spelled) > 4:
            position, values_beside = end + len(values_beside), values_beside + spelled
            spelled = struct.pack("<I", position)
        entries += struct.pack("<HHI", tag, 3, len(values)) + spelled
    header = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return header + entries + bytes(4) + values_beside + data


def write_png(pixels: NDArray[np.uint16], colour_type: int) -> bytes:
    """Write a PNG of 16 bits: 0 is grey, 2 RGB, 4 grey with alpha, 6 RGB with alpha."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", 16, 16, 16, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def pack_12_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Pack each two values of 12 bits into three bytes."""
    first, second = values[:, ::2].astype(int), values[:, 1::2].astype(int)
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=-1)
    return packed.reshape(len(values), -1).astype(np.uint8)


def write_12_bit_tiff() -> bytes:
    data = write_tiff(pack_12_bits(scale(RAMP, "uint16", 4095)), photometric=1)
    for tag, written, meant in ((256, 24, 16), (258, 8, 12)):
        data = data.replace(struct.pack("<HHIHH", tag, 3, 1, written, 0), struct.pack("<HHIHH", tag, 3, 1, meant, 0))
    return data


def save(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def premultiply(largest: float, kind: str) -> NDArray[Any]:
    return scale(np.concatenate([COLOURS / 2, HALF], axis=-1), kind, largest)


GREY = (0.5 / 15, 8.5 / 15)
"""Means of the pairs of columns 0, 1 and 8, 9 of the ramp, which become columns 0 and 4."""

OVER_WHITE = tuple((1 + value) / 2 for value in GREY)


@pytest.mark.parametrize(
    ("data", "red"),
    [
        (write_png(scale(RAMP, "uint16", 65535), 0), GREY),
        (write_png(scale(COLOURS, "uint16", 65535), 2), GREY),
        (write_png(scale(np.dstack([RAMP, HALF]), "uint16", 65535), 4), OVER_WHITE),
        (write_png(scale(np.dstack([COLOURS, HALF]), "uint16", 65535), 6), OVER_WHITE),
        (write_tiff(scale(RAMP, "uint16", 65535), photometric=1), GREY),
        (write_tiff(scale(1 - RAMP, "uint16", 65535), photometric=0), GREY),
        (write_tiff(scale(1 - RAMP, "uint8", 255), photometric=0), GREY),
        (save(Image.fromarray(RAMP < 0.3), "TIFF"), (1, 0)),
        (write_12_bit_tiff(), GREY),
        (write_tiff(scale(COLOURS, "uint16", 65535), photometric=2), GREY),
        (write_tiff(premultiply(255, "uint8"), photometric=2, extra=1), OVER_WHITE),
        (write_tiff(premultiply(65535, "uint16"), photometric=2, extra=1), OVER_WHITE),
        (write_tiff(scale(np.dstack([COLOURS, HALF]), "uint8", 255), photometric=2, extra=2), OVER_WHITE),
        (write_tiff(scale(np.dstack([COLOURS, CLEAR]), "uint8", 255), photometric=2, extra=0), GREY),
        (write_tiff(scale(np.dstack([RAMP / 2, HALF]), "uint8", 255), photometric=1, extra=1), OVER_WHITE),
        (write_tiff(scale(np.dstack([1 - COLOURS, CLEAR]), "uint16", 65535), photometric=5), GREY),
        (save(Image.fromarray(scale(RAMP, "uint8", 255)).convert("P").convert("PA"), "TIFF"), GREY),
        (save(Image.fromarray(scale(RAMP, "uint16", 65535)), "TIFF", compression="tiff_lzw"), GREY),
    ],
    ids=[
        "png-16",
        "png-rgb-16",
        "png-grey-alpha-16",
        "png-rgba-16",
        "tiff-16",
        "tiff-16-white-is-zero",
        "tiff-8-white-is-zero",
        "tiff-1",
        "tiff-12-packed",
        "tiff-rgb-16",
        "premultiplied-8",
        "premultiplied-16",
        "straight",
        "fourth-channel-unused",
        "grey-premultiplied",
        "cmyk-16",
        "palette-alpha",
        "lzw-16",
    ],
)
def test_values_keep_their_meaning(data: bytes, red: tuple[float, float]) -> None:
    pixels = decode_image(data, PARAMETERS).pixels
    np.testing.assert_allclose(pixels[4, [0, 4], 0] / 255, red, atol=0.03)


def test_a_16_bit_grey_that_stands_for_transparent_becomes_white() -> None:
    halves = np.where(RAMP < 0.5, 300, 0x8080).astype("uint16")
    pixels = decode_image(save(Image.fromarray(halves), transparency=300), PARAMETERS).pixels
    np.testing.assert_array_equal(pixels[4, [0, 2, 5, 7], 0], [255, 255, 128, 128])


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
@pytest.mark.parametrize("kind", ["png", "png-rgb", "png-grey-alpha", "png-rgba", "tiff", "tiff-rgb", "tiff-cmyk"])
def test_16_bits_that_hold_fewer_are_refused_rather_than_black(kind: str, bits: int) -> None:
    opaque = np.full((16, 16, 1), 65535)
    grey, colours = (scale(values, "uint16", 2**bits - 1) for values in (RAMP, COLOURS))
    data = {
        "png": lambda: write_png(grey, 0),
        "png-rgb": lambda: write_png(colours, 2),
        "png-grey-alpha": lambda: write_png(np.dstack([grey, opaque]), 4),
        "png-rgba": lambda: write_png(np.dstack([colours, opaque]), 6),
        "tiff": lambda: write_tiff(grey, photometric=1),
        "tiff-rgb": lambda: write_tiff(colours, photometric=2),
        "tiff-cmyk": lambda: write_tiff(np.dstack([colours, grey]), photometric=5),
    }[kind]()
    with pytest.raises(
        InputError, match=rf"no value is above {2**bits - 1:,} of 65,535; these seem to be {bits} bits"
    ):
        decode_image(data, PARAMETERS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (save(Image.fromarray(RAMP.astype("float32")), "TIFF"), "floating-point pixels; save it as 8 or 16 bits"),
        (write_tiff(RAMP.astype("float16"), photometric=1, sample_format=3), "floating-point pixels"),
        (write_tiff(RAMP, photometric=1, sample_format=3), "floating-point pixels"),
        (write_tiff(COLOURS.astype("float32"), photometric=2, sample_format=3), "floating-point pixels"),
        (write_tiff(RAMP.astype("complex64"), photometric=1, sample_format=6), "complex pixels"),
        (save(Image.fromarray(scale(RAMP, "int32", 255)), "TIFF"), "pixels of 32 bits; save it as 8 or 16 bits"),
        (write_tiff(scale(RAMP, "uint32", 2**32 - 1), photometric=1), "pixels of 32 bits"),
        (write_tiff(scale(COLOURS, "uint32", 255), photometric=2), "pixels of 32 bits"),
        (write_tiff(scale(RAMP, "int16", 32767), photometric=1, sample_format=2), "signed pixels"),
        (write_tiff(scale(RAMP - 0.5, "int8", 127), photometric=1, sample_format=2), "signed pixels"),
        (write_tiff(scale(COLOURS, "int16", 32767), photometric=2, sample_format=2), "signed pixels"),
        (save(Image.new("RGB", (8, 8), (9, 90, 9))), r"one single colour, \(9, 90, 9\): there is nothing to see"),
        (save(Image.new("L", (8, 8), 255), "JPEG"), r"one single colour, \(255, 255, 255\)"),
        (save(Image.new("RGBA", (8, 8), (9, 90, 9, 0))), "transparent throughout: there is nothing to see"),
        (write_png(scale(np.dstack([COLOURS, CLEAR]), "uint16", 65535), 6), "transparent throughout"),
        (save(Image.fromarray((RAMP > 0.5).astype("uint8"))), "almost black: no value is above 1 of 255"),
    ],
    ids=[
        "float",
        "half",
        "double",
        "float-rgb",
        "complex",
        "int32",
        "uint32",
        "uint32-rgb",
        "int16",
        "int8",
        "int16-rgb",
        "single",
        "white-jpeg",
        "clear",
        "clear-16",
        "labels",
    ],
)
def test_what_has_no_place_in_8_bits_is_refused_by_name(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode_image(data, PARAMETERS)


def test_a_dark_photograph_is_read() -> None:
    dark = Image.fromarray(scale(COLOURS, "uint8", 40))
    assert 30 < decode_image(save(dark), PARAMETERS).pixels.max() <= 40
