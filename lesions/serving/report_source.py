"""What a report says of the image file that it is about; who the patient is, only if that is asked for."""

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

from lesions.errors import InputError
from lesions.images.kinds import HEAD_BYTES, READS_DICOM, name_format

MAX_TEXT = 64
"""The number of characters that a short text of DICOM may have."""

SEXES = {"M": "male", "F": "female", "O": "other"}
"""The sexes of DICOM, in the words of FHIR."""


@dataclass(frozen=True)
class Patient:
    """Who is in a DICOM file; everything may be empty.

    Attributes
    ----------
    id, name
        As the file spells them; parts of a name are divided by `^`.
    birth_date, study_date
        Eight digits.
    sex
        M, F or O.
    accession_number, study_id
        What names the study.
    """

    id: str
    name: str
    birth_date: str
    sex: str
    study_date: str
    accession_number: str
    study_id: str


NOBODY = Patient("", "", "", "", "", "", "")


@dataclass(frozen=True)
class ReportSource:
    """The image file that a report is about.

    Attributes
    ----------
    sha256
        Of the file.
    kind
        The kind of its object (SOP class); empty if it is no DICOM file.
    study, series, image
        The UIDs of a DICOM file: its own if identifiers are kept, else ones made of these; empty for other files.
    patient
        `NOBODY` unless identifiers are kept.
    """

    sha256: str
    kind: str = ""
    study: str = ""
    series: str = ""
    image: str = ""
    patient: Patient = NOBODY


def make_uuid(*parts: str) -> UUID:
    """Return the same number for the same texts, and others for others."""
    return uuid5(NAMESPACE_OID, "\0".join(parts))


def make_uid(*parts: str) -> str:
    """Return a UID of DICOM, below 2.25, which is the same for the same texts."""
    return f"2.25.{make_uuid(*parts).int}"


def read_source(path: Path, *, keep_identifiers: bool) -> ReportSource:
    """Read what a report may say of an image file.

    Raises
    ------
    InputError
        If the file cannot be read any more.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    source = ReportSource(sha256(data).hexdigest())
    if READS_DICOM and name_format(data[:HEAD_BYTES]) == "DICOM":
        return _read_dicom(data, source, keep_identifiers=keep_identifiers)
    return source


def _read_dicom(data: bytes, source: ReportSource, *, keep_identifiers: bool) -> ReportSource:
    from lesions.images.dicom import read_texts  # of the extra `dicom`

    uids = read_texts(data, ("SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"))
    kind, *own = uids
    if not keep_identifiers:
        names = ("study", "series", "image")
        study, series, image = (
            make_uid("source", name, uid or source.sha256) for name, uid in zip(names, own, strict=True)
        )
        return replace(source, kind=kind, study=study, series=series, image=image)
    keywords = (
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "StudyDate",
        "AccessionNumber",
        "StudyID",
    )
    identifier, name, birth_date, sex, study_date, accession_number, study_id = read_texts(data, keywords)
    study, series, image = (uid or make_uid("source", source.sha256, str(place)) for place, uid in enumerate(own))
    patient = Patient(
        id=_shorten(identifier),
        name=_shorten(name),
        birth_date=_check_date(birth_date),
        sex=sex if sex in SEXES else "",
        study_date=_check_date(study_date),
        accession_number=_shorten(accession_number, 16),
        study_id=_shorten(study_id, 16),
    )
    return replace(source, kind=kind, study=study, series=series, image=image, patient=patient)


def _shorten(text: str, most: int = MAX_TEXT) -> str:
    r"""Return a text without control characters and \, which divides values in DICOM."""
    return re.sub(r"[\x00-\x1f\x7f\\]", " ", text)[:most].strip()


def _check_date(text: str) -> str:
    """Return a date of eight digits, or nothing if it is none."""
    return text if re.fullmatch(r"(1[89]|2\d)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", text) else ""
