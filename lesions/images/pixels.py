"""What the values of a file's pixels mean: turning every kind into 8-bit RGB, or refusing it by name."""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from lesions.errors import InputError
from lesions.images.kinds import explain_unread

BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT, DNG_VERSION = 258, 262, 339, 50706
"""Tags of TIFF."""

WHITE_IS_ZERO = 0

SIGNED = "signed"
SAMPLES = {2: SIGNED, 3: "floating-point", 5: "complex", 6: "complex"}
"""The values of `SAMPLE_FORMAT` that cannot be read as brightness; 1 is unsigned, and 4 undefined."""

REMEDY = "save it as 8 or 16 bits"

SEEN = 16
"""A pixel this bright, of 255, can be seen; float and label images saved as they are stay far below."""

FULL_RANGE = 64
"""An image of 16 bits that is nowhere this bright, of 255, has pixels of 14 bits or fewer."""


def check_size(width_px: int, height_px: int, max_pixels: float) -> None:
    """Raise InputError if an image has too many pixels; to be called before they are decoded."""
    if width_px * height_px > max_pixels:
        raise InputError(
            f"{width_px} × {height_px} pixels are more than the {max_pixels / 1e6:g} megapixels that "
            "cache_images.max_megapixels allows"
        )


def check_tiff(tags: TiffImagePlugin.ImageFileDirectory_v2) -> None:
    """Raise InputError if a TIFF's pixels are not unsigned integers of at most 16 bits."""
    kinds = {SAMPLES[kind] for kind in _as_numbers(tags.get(SAMPLE_FORMAT)) if kind in SAMPLES}
    bits = max(_as_numbers(tags.get(BITS_PER_SAMPLE)), default=1)
    if DNG_VERSION in tags:
        raise InputError(explain_unread("RAW"))
    if kinds - {SIGNED}:
        raise InputError(f"{min(kinds - {SIGNED})} pixels; {REMEDY}")
    if bits > 16:
        raise InputError(f"pixels of {bits} bits; {REMEDY}")
    if kinds:
        raise InputError(f"{SIGNED} pixels; {REMEDY}")


def check_unreadable_tiff(data: bytes) -> None:
    """Raise InputError if a TIFF that Pillow cannot read has pixels that `check_tiff` refuses."""
    file = io.BytesIO(data)
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(file.read(8))
        file.seek(tags.next)
        tags.load(file)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):  # cut short
        return
    check_tiff(tags)


@dataclass(frozen=True)
class Samples:
    """How a file stores the values of its pixels: the bits of each, and whether 0 is white."""

    bits: int
    white_is_zero: bool


def read_samples(image: Image.Image) -> Samples:
    """Return how a file stores its values; to be called before its pixels are loaded."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = max(_as_numbers(image.tag_v2.get(BITS_PER_SAMPLE)), default=1)
        return Samples(bits, white_is_zero=image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO)
    return Samples(
        16 if image.format == "PNG" and ";16" in str(getattr(image, "tile", "")) else 8, white_is_zero=False
    )


def to_rgb(image: Image.Image, samples: Samples) -> Image.Image:
    """Convert an image of any mode to RGB: transparent pixels are blended with white, and 16 bits become 8.

    Raises
    ------
    InputError
        If its 16-bit values are those of fewer bits, or all of its pixels are transparent.
    """
    if image.mode.startswith("I"):
        return Image.fromarray(_read_grey(image, samples)).convert("RGB")
    if samples.bits == 16:
        # Pillow keeps the upper 8 bits of 16-bit colours.
        image.load()
        _check_full_range(max(_find_largest(image)) * 256 + 255)
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")  # colours that were multiplied by their opacity
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        if layer.getchannel("A").getextrema() == (0, 0):
            raise InputError("transparent throughout: there is nothing to see")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    if image.mode == "RGB":
        image.load()
        return image
    return image.convert("RGB")


def check_visible(pixels: NDArray[np.uint8]) -> None:
    """Raise InputError if there is nothing to see in pixels (H, W, 3): one colour, or almost black throughout."""
    if (pixels == pixels[0, 0]).all():
        raise InputError(f"one single colour, {tuple(pixels[0, 0].tolist())}: there is nothing to see")
    if pixels.max() < SEEN:
        raise InputError(f"almost black: no value is above {pixels.max()} of 255; {REMEDY}, at full brightness")


def _as_numbers(value: object) -> Sequence[int]:
    """Return a tag's numbers; Pillow gives one number alone, or text if the file says so."""
    numbers = value if isinstance(value, tuple) else (value,)
    return [number for number in numbers if isinstance(number, int)]


def _read_grey(image: Image.Image, samples: Samples) -> NDArray[np.uint8]:
    """Return grey pixels of more than 8 bits as 8 bits."""
    grey = np.asarray(image, dtype=np.float32)
    largest = 2.0**samples.bits - 1
    if samples.bits == 16:
        _check_full_range(int(grey.max()))
    if samples.white_is_zero:
        grey = largest - grey
    if isinstance(image.info.get("transparency"), int):
        grey = np.where(grey == image.info["transparency"], largest, grey)
    return (grey / (largest / 255)).clip(0, 255).astype(np.uint8)


def _find_largest(image: Image.Image) -> list[int]:
    """Return the largest value of each colour, without opacity."""
    return [int(np.asarray(image.getchannel(band)).max()) for band in image.getbands() if band not in "Aa"]


def _check_full_range(largest: int) -> None:
    if largest < FULL_RANGE * 256:
        bits = next(bits for bits in (8, 10, 12, 14) if largest < 2**bits)
        raise InputError(
            f"no value is above {largest:,} of 65,535; these seem to be {bits} bits, and would be almost black; "
            "save it at full brightness, or as 8 bits"
        )
