"""Tests that every readable kind of image becomes upright RGB, and anything else is refused with a reason."""

import io
import resource
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from lesions.errors import InputError
from lesions.images.decode import DecodingParameters, decode_image, to_grey

CROP = DecodingParameters(size_px=8, fit="crop", max_megapixels=1)


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(mode: str, colour: Any, size: tuple[int, int] = (8, 8)) -> Image.Image:
    return Image.new(mode, size, colour)


def framed(mode: str, colour: Any, edge: Any) -> Image.Image:
    """Return an image of one colour with another at its right edge, as one single colour is refused."""
    image = plain(mode, colour, (16, 16))
    image.paste(edge, (14, 0, 16, 16))
    return image


def half_and_half(size: tuple[int, int] = (8, 8)) -> Image.Image:
    """Return an image that is black on the left and white on the right."""
    image = Image.new("RGB", size, "black")
    image.paste("white", (size[0] // 2, 0, *size))
    return image


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        (encode(framed("RGB", (10, 20, 30), "white")), (10, 20, 30)),
        (encode(framed("L", 40, 255)), (40, 40, 40)),
        (encode(framed("1", 1, 0)), (255, 255, 255)),
        (encode(framed("RGB", (10, 20, 30), "white").quantize(4)), (10, 20, 30)),
        (encode(framed("RGBA", (200, 100, 0, 255), "blue")), (200, 100, 0)),
        (encode(framed("RGBA", (200, 100, 0, 0), "blue")), (255, 255, 255)),
        (encode(framed("LA", (0, 51), (0, 255))), (204, 204, 204)),  # black over white, with an alpha of a fifth
        (encode(framed("CMYK", (0, 0, 0, 0), (0, 255, 255, 0)), "JPEG"), (255, 255, 255)),
        (encode(framed("CMYK", (0, 255, 255, 0), (0, 0, 0, 0)), "JPEG"), (255, 0, 0)),
        (encode(framed("CMYK", (0, 255, 255, 0), (0, 0, 0, 0)), "TIFF"), (255, 0, 0)),
        (encode(framed("I;16", 0x8080, 0xFFFF)), (128, 128, 128)),
        (encode(framed("RGB", (10, 20, 30), "white"), "BMP"), (10, 20, 30)),
        (encode(framed("RGB", (10, 20, 30), "white"), "WEBP", lossless=True), (10, 20, 30)),
    ],
    ids=[
        "rgb",
        "grey",
        "bits",
        "palette",
        "opaque",
        "clear",
        "grey-alpha",
        "white-cmyk-jpeg",
        "red-cmyk-jpeg",
        "cmyk-tiff",
        "16-bit",
        "bmp",
        "webp",
    ],
)
def test_every_mode_becomes_rgb(data: bytes, colour: tuple[int, int, int]) -> None:
    image = decode_image(data, CROP)
    assert image.pixels.shape == (8, 8, 3)
    assert image.pixels.dtype == np.uint8
    np.testing.assert_allclose(image.pixels[:, :6].astype(int), np.broadcast_to(colour, (8, 6, 3)), atol=2)


def test_a_palette_with_a_transparent_colour_is_blended_with_white() -> None:
    image = framed("P", 0, 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    assert (decode_image(encode(image, transparency=0), CROP).pixels[:, :6] == 255).all()


@pytest.mark.parametrize("size", [(30, 20), (320, 160)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_upright_image(kind: str, orientation: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = encode(half_and_half(size), kind, exif=exif)
    image = decode_image(data, CROP)
    with Image.open(io.BytesIO(data)) as opened:
        upright = np.asarray(ImageOps.exif_transpose(opened))
    assert (image.height_px, image.width_px) == upright.shape[:2]
    assert (image.width_px, image.height_px) == (size if orientation < 5 else size[::-1])


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_image_on_its_side_is_turned_upright(kind: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # must be turned by 90 degrees clockwise: left becomes top
    data = encode(half_and_half((16, 8)), kind, exif=exif)
    image = decode_image(data, CROP)
    assert (image.width_px, image.height_px) == (8, 16)
    squashed = decode_image(data, CROP.model_copy(update={"fit": "squash"}))
    np.testing.assert_array_equal(squashed.pixels[:3], 0)
    np.testing.assert_array_equal(squashed.pixels[5:], 255)


@pytest.mark.parametrize(
    ("fit", "row"),
    [
        # Four equal parts of a 32 x 8 image, in grey 0, 80, 160, 240.
        ("crop", [80] * 4 + [160] * 4),
        ("squash", [0, 0, 80, 80, 160, 160, 240, 240]),
        ("pad", [0, 0, 80, 80, 160, 160, 240, 240]),
    ],
)
def test_each_fit_shows_its_part_of_the_image(fit: Any, row: list[int]) -> None:
    image = Image.fromarray(np.repeat(np.repeat(np.array([[0, 80, 160, 240]], dtype=np.uint8), 8, axis=1), 8, axis=0))
    pixels = decode_image(encode(image), DecodingParameters(size_px=8, fit=fit, max_megapixels=1)).pixels
    # Bilinear resizing mixes neighbours where parts meet, by at most half their difference.
    np.testing.assert_allclose(pixels[4, :, 0].astype(int), row, atol=40)
    bands = (pixels[:, 5:, 0].max(axis=1) > 0).sum()
    assert bands == (2 if fit == "pad" else 8)


@pytest.mark.parametrize("size", [(1, 1000), (1000, 1), (3, 2)])
@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
def test_thin_and_tiny_images_are_fitted(fit: Any, size: tuple[int, int]) -> None:
    source = plain("L", 255, size)
    source.putpixel((0, 0), 200)
    pixels = decode_image(encode(source), CROP.model_copy(update={"fit": fit})).pixels[..., 0]
    # Padded from 1,000 px to 8 px, the other side is one pixel.
    assert (pixels >= 200).sum() == (64 if fit != "pad" else 8 * 5 if size == (3, 2) else 8)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("side", [18, 100, 1000])
def test_details_smaller_than_a_pixel_become_their_mean(kind: str, side: int) -> None:
    """Black and white lines of 1 px leave no pattern; picking single pixels would leave one."""
    lines = np.zeros((side, side), np.uint8)
    lines[:, ::2] = 255
    lines[: side // 8] = 0  # one single colour is refused
    image = decode_image(encode(Image.fromarray(lines), kind), CROP)
    np.testing.assert_allclose(image.pixels[2:].astype(int), 127, atol=20)


def test_a_large_jpeg_is_decoded_small_without_losing_its_size() -> None:
    data = encode(half_and_half((512, 512)), "JPEG", quality=95)
    image = decode_image(data, CROP)
    assert (image.width_px, image.height_px) == (512, 512)
    np.testing.assert_allclose(image.pixels[:, :3].astype(int), 0, atol=4)
    np.testing.assert_allclose(image.pixels[:, 5:].astype(int), 255, atol=4)


def test_the_thumbnail_is_the_whole_image() -> None:
    thumbnail = decode_image(encode(half_and_half((64, 32))), CROP).thumbnail
    assert thumbnail.shape == (32, 32, 3)
    np.testing.assert_array_equal(to_grey(thumbnail), np.repeat([[0] * 16 + [255] * 16], 32, axis=0))


def test_green_is_brighter_than_red_and_blue() -> None:
    np.testing.assert_array_equal(to_grey(100 * np.eye(3, dtype=np.uint8)), np.array([29.9, 58.7, 11.4], np.float32))


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"the file is empty \(0 bytes\)"),
        (b"<!DOCTYPE html><html></html>", "not an image"),
        (encode(NOISE, "JPEG")[:1500], "broken image: .*truncated"),
        (encode(NOISE)[:5000], "broken image: .*truncated"),
        (encode(plain("L", 0, (1001, 1000))), "1001 × 1000 pixels are more than the 1 megapixels that cache_images"),
        (encode(NOISE, "GIF"), "GIF, which is not read; save it as JPEG or PNG"),
        (
            encode(plain("L", 0), "WEBP", save_all=True, append_images=[plain("L", 255)]),
            "several images in one file, animated or in pages; expected one still image",
        ),
    ],
    ids=["empty", "html", "cut-jpeg", "cut-png", "bomb", "other-format", "animated"],
)
def test_anything_but_one_complete_still_image_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode_image(data, CROP)


def test_a_decompression_bomb_is_refused_before_its_pixels_take_memory() -> None:
    """The file has 20,000 × 20,000 pixels in 50 KB; as RGB they would take 1.2 GB."""
    data = encode(Image.new("1", (20_000, 20_000)))
    assert len(data) < 100_000
    limits = CROP.model_copy(update={"max_megapixels": 100})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="20000 × 20000 pixels are more than the 100 megapixels"):
        decode_image(data, limits)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KB


@pytest.mark.parametrize("size_px", [8, 100])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_truncated_at_any_byte_is_refused(mode: str, progressive: bool, size_px: int) -> None:
    data = encode(NOISE.resize((256, 256)).convert(mode), "JPEG", progressive=progressive)
    parameters = CROP.model_copy(update={"size_px": size_px})
    for length in {*range(1, len(data), len(data) // 40), *range(len(data) - 20, len(data))}:
        with pytest.raises(InputError, match=r"broken image: |not an image"):
            decode_image(data[:length], parameters)


SMALL = NOISE.crop((0, 0, 16, 16))
VALID = [
    encode(SMALL, "JPEG", quality=50),
    encode(SMALL, "JPEG", progressive=True),
    encode(SMALL.convert("CMYK"), "JPEG"),
    encode(SMALL),
    encode(SMALL.quantize(16), transparency=3),
    encode(framed("I;16", 0x8080, 0xFFFF)),
    encode(framed("LA", (0, 51), (9, 255))),
    encode(SMALL, "BMP"),
    encode(SMALL, "TIFF"),
    encode(SMALL, "TIFF", compression="tiff_lzw"),
    encode(SMALL, "TIFF", compression="jpeg"),
    encode(SMALL, "WEBP"),
]


@st.composite
def broken_images(draw: st.DrawFn) -> bytes:
    """Draw an image file with bytes changed, removed or inserted, most often in its header."""
    data = bytearray(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(1, 8))):
        position = draw(st.one_of(st.integers(0, min(200, len(data))), st.integers(0, len(data))))
        kind = draw(st.sampled_from(["change", "cut", "put"]))
        length = draw(st.integers(1, 16))
        if kind == "cut":
            del data[position : position + length]
        else:
            new = draw(st.binary(min_size=length, max_size=length))
            data[position : position + (length if kind == "change" else 0)] = new
    return bytes(data)


@pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.")
@settings(max_examples=1500, deadline=None)
@given(broken_images())
def test_any_bytes_give_an_image_or_a_reason(data: bytes) -> None:
    try:
        image = decode_image(data, CROP)
    except InputError as error:
        assert str(error)
    else:
        assert image.pixels.shape == (8, 8, 3)


def test_the_second_image_of_a_cameras_mpo_is_ignored() -> None:
    data = encode(NOISE, "MPO", save_all=True, append_images=[plain("RGB", "blue", (64, 64))])
    assert decode_image(data, CROP).width_px == 64


@pytest.mark.parametrize("orientation", [9, 1000])
def test_an_invalid_orientation_counts_as_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image = decode_image(encode(half_and_half((16, 8)), exif=exif), CROP)
    assert (image.width_px, image.height_px) == (16, 8)


def test_the_thumbnail_does_not_depend_on_the_size_of_the_cache() -> None:
    data = encode(NOISE.resize((512, 512)), "JPEG", quality=95)
    small, large = (decode_image(data, CROP.model_copy(update={"size_px": size})) for size in (8, 32))
    np.testing.assert_array_equal(small.thumbnail, large.thumbnail)
