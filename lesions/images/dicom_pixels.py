"""Decoding the pixels of a DICOM file that was checked, and looking at compressed ones before."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, uid
from pydicom.encaps import generate_frames
from pydicom.pixels.processing import apply_color_lut, convert_color_space
from pydicom.pixels.utils import pixel_array

from lesions.errors import InputError
from lesions.images.jpeg import MAX_SCANS, START_OF_SCAN


def take_frame(dataset: Dataset) -> bytes:
    """Return the compressed data of the only frame."""
    return next(generate_frames(dataset.PixelData, number_of_frames=1))


def find_size(frame: bytes) -> tuple[int, int, int]:
    """Return the width, the height and the number of colours that the data of a JPEG, a JPEG-LS or a JPEG 2000 say.

    Raises
    ------
    InputError
        If they say none, or there are too many scans.
    """
    if frame.startswith(b"\xff\x4f\xff\x51"):
        right, bottom, left, top = (int.from_bytes(frame[at : at + 4]) for at in range(8, 24, 4))
        return right - left, bottom - top, int.from_bytes(frame[40:42])
    if frame.count(b"\xff" + START_OF_SCAN) > MAX_SCANS:
        raise InputError(f"a JPEG of more than {MAX_SCANS} scans, which takes too long to decode; save it again")
    at = 2
    while frame.startswith(b"\xff\xd8") and frame[at : at + 1] == b"\xff":
        marker = frame[at + 1]
        # All frame headers, of which 0xF7 is that of JPEG-LS, begin alike; three numbers among them are other things.
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return int.from_bytes(frame[at + 7 : at + 9]), int.from_bytes(frame[at + 5 : at + 7]), frame[at + 9]
        at += 2 + int.from_bytes(frame[at + 2 : at + 4])
    raise InputError("a DICOM file whose compressed data do not say how large the image is")


def decode_pixels(dataset: Dataset) -> NDArray[np.uint8]:
    """Return the pixels (H, W, 3) of a file that was checked."""
    colours = dataset.PhotometricInterpretation
    is_rle = dataset.file_meta.TransferSyntaxUID == uid.RLELossless
    pixels = _decode_runs(dataset) if is_rle else pixel_array(dataset, index=0)
    if is_rle and colours.startswith("YBR"):
        pixels = convert_color_space(pixels, "YBR_FULL", "RGB")
    if colours == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, dataset)
        if pixels.dtype == np.uint16 and pixels.max() > 255:
            pixels = pixels >> 8
    if colours == "MONOCHROME1":
        pixels = 255 - pixels
    if pixels.ndim == 2:
        pixels = np.stack([pixels] * 3, axis=-1)
    return np.ascontiguousarray(pixels, np.uint8)


def _decode_runs(dataset: Dataset) -> NDArray[np.uint8]:
    """Return the pixels (H, W) or (H, W, 3) of run-length codes; no more of them is decoded than there are pixels."""
    frame, shape = take_frame(dataset), (dataset.Rows, dataset.Columns)
    num_planes = int.from_bytes(frame[:4], "little")
    if num_planes != dataset.SamplesPerPixel:
        raise InputError(f"a DICOM file with {num_planes} run-length codes for {dataset.SamplesPerPixel} colours")
    starts = [int.from_bytes(frame[4 * n : 4 * n + 4], "little") for n in range(1, num_planes + 1)]
    codes = [frame[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    # As one row: codes of some programs run on from one row to the next.
    planes = [Image.frombytes("L", (shape[0] * shape[1], 1), code, "packbits", "L") for code in codes]
    pixels = np.stack([np.asarray(plane).reshape(shape) for plane in planes], axis=-1)
    return pixels[..., 0] if num_planes == 1 else pixels
