"""Reading the pixels of a DICOM file, and nothing else that is in it.

Before anything is decoded, the file is looked at: how large its image is, by its header and by its compressed data,
and how much a deflated file would become.
"""

import logging
import struct
import warnings
import zlib
from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, uid
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.tag import BaseTag, Tag

from lesions.errors import InputError, quote_value
from lesions.images.dicom_pixels import decode_pixels, find_size, take_frame
from lesions.images.pixels import check_size

PHOTOGRAPHS = (
    uid.VLPhotographicImageStorage,
    uid.VLEndoscopicImageStorage,
    uid.DermoscopicPhotographyImageStorage,
    uid.SecondaryCaptureImageStorage,
)
"""The kinds of objects that are one photograph of a person, or one picture of another system."""

NUM_SAMPLES = {
    **dict.fromkeys(("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT"), 3),
    **dict.fromkeys(("PALETTE COLOR", "MONOCHROME1", "MONOCHROME2"), 1),
}
"""How many numbers each pixel has, by the photometric interpretations that are read."""

BEGIN = 132
"""Before it are 128 bytes that mean nothing here, and the letters DICM."""

MAX_HEADER_BYTES = 2**20
"""How much may be before the pixels: a colour profile and a small icon have room, and reading it ends soon."""

PIXELS = Tag("PixelData")

PIXEL_TAGS: list[BaseTag | int] = [
    Tag(keyword)
    for keyword in (
        *("SOPClassUID", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation"),
        *("PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData"),
        *(f"{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
        *(f"{colour}PaletteColorLookupTableDescriptor" for colour in ("Red", "Green", "Blue")),
    )
]  # fmt: skip
"""Everything that is read: no name, number or date of a patient is among it."""

BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, OverflowError, AttributeError, RuntimeError,
    AssertionError, struct.error, zlib.error,
)  # fmt: skip
"""The exceptions that pydicom and its decoders raise for a broken file."""

# pydicom warns about values that are not as the standard says, without naming the file, and reads them anyway. Its
# warnings and its log can quote values, and those of a patient belong into no log.
warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.")
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)


def read_dicom_pixels(data: bytes, *, max_pixels: float) -> NDArray[np.uint8]:
    """Return the pixels (H, W, 3) of a DICOM file that holds one photograph, as RGB; grey becomes RGB.

    Raises
    ------
    InputError
        If it is no photograph, has several frames or more than `max_pixels`, has pixels of other than 8 bits, is
        compressed in a way that is not read here, or is broken.
    """
    try:
        dataset = read_header(data, PIXEL_TAGS, max_bytes=MAX_HEADER_BYTES + int(4 * max_pixels))
        _check_kind(dataset)
        _check_size(dataset, max_pixels)
        return decode_pixels(dataset)
    except InputError:
        raise
    except BROKEN as error:
        raise InputError(f"broken DICOM file: {quote_value(error)}") from error


def read_header(data: bytes, tags: list[BaseTag | int], *, max_bytes: int) -> Dataset:
    """Read some elements of a DICOM file; of what follows the pixels, nothing.

    Parameters
    ----------
    tags
        The elements that are read.
    max_bytes
        To how many bytes a deflated file may become.

    Raises
    ------
    InputError
        If its transfer syntax is not known, or it has more than `MAX_HEADER_BYTES` before its pixels.
    """
    file = BytesIO(data)
    file.seek(BEGIN)
    meta = _read(file, uid.ExplicitVRLittleEndian, [Tag("TransferSyntaxUID")], lambda tag: tag.group != 2)
    syntax = uid.UID(meta.get("TransferSyntaxUID", ""))
    if not syntax.is_transfer_syntax:
        raise InputError(f"a DICOM file of no transfer syntax that is known: {quote_value(syntax)}")
    body = memoryview(data)[file.tell() :]
    if syntax.is_deflated:
        body = memoryview(_inflate(bytes(body), max_bytes))
    file = BytesIO(body[:MAX_HEADER_BYTES])
    dataset = _read(file, syntax, tags, lambda tag: tag >= PIXELS)
    if PIXELS in tags:
        pixels = _read(BytesIO(body[file.tell() :]), syntax, [PIXELS], lambda tag: tag != PIXELS)
        if not pixels.get("PixelData"):
            raise InputError(f"a DICOM file without pixels, or with more than {MAX_HEADER_BYTES:,} bytes before them")
        dataset[PIXELS] = pixels[PIXELS]
    dataset.set_original_encoding(syntax.is_implicit_VR, syntax.is_little_endian)
    dataset.file_meta = FileMetaDataset(meta)
    return dataset


def _read(file: BytesIO, syntax: uid.UID, tags: list[BaseTag | int], ends: Callable[[BaseTag], bool]) -> Dataset:
    """Read some elements, until one ends it; the file is left at its beginning."""
    return read_dataset(
        file,
        syntax.is_implicit_VR,
        syntax.is_little_endian,
        stop_when=lambda tag, _vr, _length: ends(tag),
        specific_tags=tags,
    )


def _inflate(body: bytes, max_bytes: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = inflater.decompress(body, max_bytes)
    if inflater.unconsumed_tail:
        raise InputError(f"a deflated DICOM file that becomes more than {max_bytes:,} bytes")
    return inflated


def _check_kind(dataset: Dataset) -> None:
    """Raise InputError if a file is not one photograph of 8 bits that can be decoded."""
    kind, syntax = uid.UID(dataset.get("SOPClassUID", "")), dataset.file_meta.TransferSyntaxUID
    frames, bits = int(dataset.get("NumberOfFrames") or 1), (dataset.BitsAllocated, dataset.BitsStored)
    if kind not in PHOTOGRAPHS:
        expected = ", ".join(each.name for each in PHOTOGRAPHS)
        raise InputError(f"a DICOM file of the kind {quote_value(kind.name)}; expected {expected}")
    if frames != 1:
        raise InputError(f"a DICOM file of {frames:,} frames; expected one still image")
    colours = dataset.PhotometricInterpretation
    if NUM_SAMPLES.get(colours) != dataset.SamplesPerPixel:
        raise InputError(f"a DICOM file with colours {quote_value(colours)} of {dataset.SamplesPerPixel} numbers")
    if bits != (8, 8) or dataset.PixelRepresentation != 0:
        raise InputError(
            f"a DICOM file with pixels of {bits[1]} bits in {bits[0]}, or signed; expected 8 in 8, unsigned"
        )
    if syntax.is_encapsulated and not _has_decoder(syntax):
        raise InputError(
            f"a DICOM file compressed as {syntax.name}, for which no decoder is installed; save it as JPEG or PNG"
        )


def _has_decoder(syntax: uid.UID) -> bool:
    try:
        return get_decoder(syntax).is_available
    except NotImplementedError:  # such as films
        return False


def _check_size(dataset: Dataset, max_pixels: float) -> None:
    """Raise InputError if an image is too large, by its header or by its compressed data."""
    said = (dataset.Columns, dataset.Rows, dataset.SamplesPerPixel)
    check_size(dataset.Columns, dataset.Rows, max_pixels)
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated and syntax != uid.RLELossless:
        found = find_size(take_frame(dataset))
        if found != said:
            raise InputError(f"a DICOM file of width, height and colours {said}, whose compressed data say {found}")


def read_texts(data: bytes, keywords: Sequence[str]) -> list[str]:
    """Return some elements of a DICOM file as text, such as its UIDs; empty where it has none, or no valid one."""
    dataset = read_header(data, [Tag(keyword) for keyword in keywords], max_bytes=MAX_HEADER_BYTES)
    return [_read_text(dataset, keyword) for keyword in keywords]


def _read_text(dataset: Dataset, keyword: str) -> str:
    try:
        return str(dataset.get(keyword) or "").strip("\0 ")
    except BROKEN:
        return ""
