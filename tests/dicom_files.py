"""DICOM files for tests, of one made-up patient."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

pydicom = pytest.importorskip("pydicom", reason='pydicom is not installed: pip install "lesions[dicom]"')

from pydicom import Dataset, uid  # noqa: E402
from pydicom.encaps import encapsulate  # noqa: E402

PATIENT = {
    "PatientName": "Doe^Jane",
    "PatientID": "MRN-4711",
    "PatientBirthDate": "19610203",
    "PatientSex": "F",
    "AccessionNumber": "ACC-99",
    "ReferringPhysicianName": "Who^Doctor",
    "StudyID": "STUDY-7",
    "StudyDate": "20240506",
    "StudyTime": "101112",
    "InstitutionName": "Somewhere Clinic",
}
STUDY_UID, SERIES_UID, IMAGE_UID = "1.2.276.9.4711.1", "1.2.276.9.4711.2", "1.2.276.9.4711.3"


def draw(width: int = 40, height: int = 30) -> NDArray[np.uint8]:
    """Return pixels (height, width, 3): red grows to the right, green downwards, blue is the same."""
    red, green = np.meshgrid(np.linspace(20, 220, width), np.linspace(40, 200, height))
    return np.stack([red, green, np.full_like(red, 90)], axis=-1).round().astype(np.uint8)


def build(pixels: NDArray[np.uint8] | None = None, **changes: Any) -> Dataset:
    """Return a VL photographic image, little endian with explicit types; `changes` replace elements, None removes."""
    pixels = draw() if pixels is None else pixels
    dataset = Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = changes.pop("syntax", uid.ExplicitVRLittleEndian)
    is_grey = pixels.ndim == 2
    values: dict[str, Any] = {
        **PATIENT,
        "SOPClassUID": uid.VLPhotographicImageStorage,
        "SOPInstanceUID": IMAGE_UID,
        "StudyInstanceUID": STUDY_UID,
        "SeriesInstanceUID": SERIES_UID,
        "Modality": "XC",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "SamplesPerPixel": 1 if is_grey else 3,
        "PhotometricInterpretation": "MONOCHROME2" if is_grey else "RGB",
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "PixelData": pixels.tobytes() + b"\0" * (pixels.size % 2),
    }
    if not is_grey:
        values["PlanarConfiguration"] = 0
    for keyword, value in (values | changes).items():
        if value is not None:
            setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID")
    dataset["PixelData"].VR = "OB"
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        dataset["PixelData"].is_undefined_length = True
    return dataset


def encode(kind: str, pixels: NDArray[np.uint8], **options: Any) -> bytes:
    """Return pixels as a file of a format of Pillow."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def build_compressed(frame: bytes, syntax: uid.UID, **changes: Any) -> Dataset:
    """Return an image whose pixels are compressed already."""
    return build(syntax=syntax, PixelData=encapsulate([frame]), **changes)


def spell(dataset: Dataset) -> bytes:
    """Return the bytes of a DICOM file."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def write(path: Path, colour: tuple[int, int, int] = (200, 60, 60), **changes: Any) -> Path:
    """Write a DICOM file of nearly one colour, with a darker corner, as `tests.served.write_image` does."""
    pixels = np.full((24, 24, 3), colour, np.uint8)
    pixels[:6, :6] //= 2
    path.write_bytes(spell(build(pixels, **changes)))
    return path
