"""Decoding one image file into a square array of pixels."""

import io
import struct
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin, UnidentifiedImageError
from pydantic import Field

from lesions.errors import InputError
from lesions.images.jpeg import decode_jpeg
from lesions.images.kinds import HEAD_BYTES, READS_DICOM, READS_HEIC, explain_head, name_format
from lesions.images.pixels import (
    SEEN,
    check_size,
    check_tiff,
    check_unreadable_tiff,
    check_visible,
    read_samples,
    to_rgb,
)
from lesions.images.png import check_png
from lesions.images.resize import ResizableImage
from lesions.parameters.strict import Section

PLUGINS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
HASHED_PX = 32
"""Side of the thumbnail from which the perceptual hash is computed."""

GREY = np.array([299, 587, 114], dtype=np.float32)
"""Weights of red, green and blue, in thousandths (ITU-R BT.601)."""

BROKEN = (OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, OverflowError, struct.error)
"""The exceptions that Pillow raises for a broken image."""

Fit = Literal["crop", "squash", "pad"]

# We check max_megapixels before decoding a pixel; Pillow's own limit only warns.
Image.MAX_IMAGE_PIXELS = None
# Pillow warns about tags that it cannot read, without naming the file, and reads the pixels anyway.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


class DecodingParameters(Section):
    """The section `cache_images`."""

    size_px: Annotated[int, Field(ge=8, le=2048)]
    fit: Fit
    max_megapixels: Annotated[float, Field(gt=0)]


@dataclass(frozen=True)
class DecodedImage:
    """One image as the networks will see it, and the size that its file had.

    Attributes
    ----------
    pixels : (size_px, size_px, 3) uint8
    thumbnail : (HASHED_PX, HASHED_PX, 3) uint8
        The whole image, squashed.
    width_px, height_px
        The size of the upright image, before fitting.
    """

    pixels: NDArray[np.uint8]
    thumbnail: NDArray[np.uint8]
    width_px: int
    height_px: int


def decode_image(data: bytes, parameters: DecodingParameters) -> DecodedImage:
    """Decode the bytes of an image file, turn the image upright, and fit it into a square of RGB pixels.

    Transparent pixels are blended with white; grey, palette and CMYK become RGB; 16 bits become 8.

    Raises
    ------
    InputError
        If the bytes are not one still image of a known format, are truncated, or hold too many pixels; if the pixels
        are of a kind that has no place in 8 bits; if there is nothing to see.
    """
    min_px = max(parameters.size_px, HASHED_PX)
    max_pixels = parameters.max_megapixels * 1e6
    if READS_DICOM and name_format(data[:HEAD_BYTES]) == "DICOM":
        decoded = _decode_dicom(data, min_px, max_pixels)
    else:
        decoded = decode_jpeg(data, min_px=min_px, max_pixels=max_pixels) or _decode_by_pillow(
            data, min_px, max_pixels
        )
    pixels, width, height = decoded
    rgb = ResizableImage(pixels)
    thumbnail = rgb.resize(HASHED_PX, HASHED_PX, kernel="box")
    if _may_show_nothing(thumbnail):
        check_visible(pixels)
    return DecodedImage(
        pixels=_to_square(rgb, parameters.size_px, parameters.fit),
        thumbnail=thumbnail,
        width_px=width,
        height_px=height,
    )


def _may_show_nothing(thumbnail: NDArray[np.uint8]) -> bool:
    """Return whether a thumbnail is of one colour, or dark in its middle; comparing bytes costs next to nothing."""
    spelled, middle = thumbnail.tobytes(), 3 * HASHED_PX * (HASHED_PX + 1) // 2
    return max(spelled[middle : middle + 3]) < SEEN or spelled == spelled[:3] * HASHED_PX**2


def to_grey(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the brightness (…) of pixels (…, 3), from 0 to 255."""
    return rgb.astype(np.float32) @ GREY / np.float32(1000)


def _decode_by_pillow(data: bytes, min_px: int, max_pixels: float) -> tuple[NDArray[np.uint8], int, int]:
    """Return an upright RGB image, reduced if its sides stay at least `min_px`, and its full width and height."""
    try:
        with Image.open(io.BytesIO(data), formats=_list_plugins()) as image:
            _check_header(image, max_pixels)
            if image.format == "PNG":
                check_png(data)
            samples = read_samples(image)
            orientation = image.getexif().get(ExifTags.Base.Orientation)
            full = image.size
            # Irregular JPEGs arrive here too; draft mode decodes them at a fraction of their size.
            image.draft("RGB", (min_px, min_px))
            is_full = image.size == full
            # exif_transpose would copy an image that is already upright.
            rgb = to_rgb(ImageOps.exif_transpose(image) if orientation in range(2, 9) else image, samples)
            # Pillow may give the size of a TIFF before or after turning it, but that of its pixels is certain.
            width, height = rgb.size if is_full else full[::-1] if orientation in (5, 6, 7, 8) else full
            return _reduce(rgb, min_px), width, height
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(_explain_unidentified(data)) from error
    except BROKEN as error:
        raise InputError(f"broken image: {error}") from error


def _decode_dicom(data: bytes, min_px: int, max_pixels: float) -> tuple[NDArray[np.uint8], int, int]:
    """Return what `_decode_by_pillow` does, of a DICOM file."""
    from lesions.images.dicom import read_dicom_pixels  # of the extra `dicom`

    rgb = Image.fromarray(read_dicom_pixels(data, max_pixels=max_pixels))
    return _reduce(rgb, min_px), *rgb.size


def _reduce(rgb: Image.Image, min_px: int) -> NDArray[np.uint8]:
    """Average whole blocks, which is cheap; later resizing costs time and memory by the size of its input."""
    return np.asarray(rgb.reduce(max(1, min(rgb.size) // (2 * min_px))))


@cache
def _list_plugins() -> tuple[str, ...]:
    """Return the names of Pillow's plugins for the formats that are read."""
    if not READS_HEIC:
        return PLUGINS
    import pillow_heif

    pillow_heif.register_heif_opener()
    return (*PLUGINS, "HEIF")


def _explain_unidentified(data: bytes) -> str:
    """Return why Pillow takes data for no image; raise InputError if its pixels are of a kind that is not read."""
    if reason := explain_head(data[:HEAD_BYTES]):
        return reason
    name = name_format(data[:HEAD_BYTES])
    if name == "TIFF":
        check_unreadable_tiff(data)
    return f"broken image: begins as {name}, but is cut short, or of a kind that is not read; save it as PNG or JPEG"


def _check_header(image: Image.Image, max_pixels: float) -> None:
    check_size(*image.size, max_pixels)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        check_tiff(image.tag_v2)
    # A camera's MPO is a JPEG followed by a second, smaller or shifted image; the first one is the photograph.
    if image.format != "MPO" and _has_second_frame(image):
        raise InputError("several images in one file, animated or in pages; expected one still image")


def _has_second_frame(image: Image.Image) -> bool:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return getattr(image, "n_frames", 1) > 1
    try:
        # Counting the pages of a TIFF takes the square of their number.
        image.seek(1)
    except EOFError:
        return False
    image.seek(0)
    return True


def _to_square(image: ResizableImage, size_px: int, fit: Fit) -> NDArray[np.uint8]:
    width, height = image.width_px, image.height_px
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        return image.resize(size_px, size_px, kernel="bilinear", box=(left, top, left + side, top + side))
    if fit == "squash":
        return image.resize(size_px, size_px, kernel="bilinear")
    inner_width, inner_height = (max(1, round(size_px * side / max(width, height))) for side in (width, height))
    left, top = round((size_px - inner_width) / 2), round((size_px - inner_height) / 2)
    padded = np.zeros((size_px, size_px, 3), np.uint8)
    inner = image.resize(inner_width, inner_height, kernel="bilinear")
    padded[top : top + inner_height, left : left + inner_width] = inner
    return padded
