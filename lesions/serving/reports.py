"""Writing reports for clinical systems, one for each image of a run: DICOM Structured Reports, and FHIR."""

import importlib.util
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lesions.errors import InputError
from lesions.formats.atomic import atomic_path, write_text
from lesions.serving.answers import REFUSED, Answer
from lesions.serving.fhir import build_bundle
from lesions.serving.manifest import Manifest
from lesions.serving.numbered_files import check_folder, name_numbered
from lesions.serving.report_source import ReportSource, read_source
from lesions.serving.stream import SourceFile

DISCLAIMER = (
    "Preliminary result of research software, which no person has checked. It is not a medical device, and this is "
    "not a diagnosis."
)


@dataclass
class Reports:
    """Where the reports of a run go.

    Attributes
    ----------
    dicom_sr
        The folder for DICOM Structured Reports, of images that are DICOM files; None for none.
    fhir
        The folder for FHIR, of all images; None for none.
    keep_identifiers
        Whether the reports say who the patient is, and name study and image by their own UIDs.
    """

    dicom_sr: Path | None
    fhir: Path | None
    keep_identifiers: bool
    _counts: Counter[str] = field(default_factory=Counter)

    def check(self, sources: Sequence[SourceFile], *, continues: bool) -> None:
        """Raise InputError if a report cannot be written as `check_folder` says, or identifiers are for no report."""
        if self.keep_identifiers and not self.are_wanted:
            raise InputError("--keep-identifiers: says what is in reports; name a folder by --dicom-sr or --fhir")
        if self.dicom_sr is not None:
            if any(importlib.util.find_spec(name) is None for name in ("highdicom", "pydicom")):
                raise InputError('--dicom-sr: needs the package highdicom: pip install "lesions[dicom]"')
            check_folder("--dicom-sr", self.dicom_sr, ".dcm", sources=sources, continues=continues)
        if self.fhir is not None:
            check_folder("--fhir", self.fhir, ".json", sources=sources, continues=continues)

    @property
    def are_wanted(self) -> bool:
        """Whether any is to be written."""
        return self.dicom_sr is not None or self.fhir is not None

    def describe_run(self) -> list[str]:
        """Return what must be the same for a stopped run to be continued."""
        folders = {"dicom-sr": self.dicom_sr, "fhir": self.fhir}
        wanted = [f"{name} {folder.resolve()}" for name, folder in folders.items() if folder is not None]
        return [*wanted, *["identifiers"] * self.keep_identifiers]

    def write(self, position: int, path: Path, answer: Answer, manifest: Manifest) -> None:
        """Write the reports about one image; a refused one has none.

        Parameters
        ----------
        position
            The number of its row, from 1, by which the files are named: the name of its file may be the patient's.
        """
        if not self.are_wanted:
            return
        if answer.status == REFUSED:
            self._counts["refused"] += 1
            return
        source, remarks = read_source(path, keep_identifiers=self.keep_identifiers), describe_limits(answer, manifest)
        if self.fhir is not None:
            bundle = build_bundle(answer, source, manifest, remarks)
            text = json.dumps(bundle, indent=1, ensure_ascii=False, allow_nan=False)
            write_text(self.fhir / name_numbered(position, ".json"), text + "\n")
            self._counts["fhir"] += 1
        if self.dicom_sr is not None and source.kind:
            _write_dicom(self.dicom_sr / name_numbered(position, ".dcm"), answer, source, manifest, remarks)
        if self.dicom_sr is not None:
            self._counts["dicom_sr" if source.kind else "no_dicom"] += 1

    def describe(self) -> Iterator[str]:
        """Yield how many reports this run wrote, and why there are no more."""
        if self.dicom_sr is not None:
            yield f"DICOM Structured Reports: {self._counts['dicom_sr']:,} in {self.dicom_sr}"
        if self.fhir is not None:
            yield f"FHIR reports: {self._counts['fhir']:,} in {self.fhir}"
        if self._counts["no_dicom"]:
            yield f"images without a Structured Report, as they are no DICOM files: {self._counts['no_dicom']:,}"
        if self._counts["refused"]:
            yield f"images without a report, as they are refused: {self._counts['refused']:,}"


def describe_limits(answer: Answer, manifest: Manifest) -> str:
    """Return what the reader of a report has to know: that it is preliminary, how sure it is, what it is for."""
    sentences = [DISCLAIMER, f"Intended use: {manifest.intended_use}"]
    if answer.reason:
        sentences.append(f"The image is {answer.status}: {answer.reason}.")
    if answer.abstains:
        sentences.append("The model abstains, as its probability is too low.")
    if answer.prediction_set is not None:
        share, names = manifest.thresholds.sets.confidence, ", ".join(answer.prediction_set) or "none"
        sentences.append(f"Prediction set, which is to hold the true class in {share:.0%} of the cases: {names}.")
    return " ".join(sentences)


def _write_dicom(path: Path, answer: Answer, source: ReportSource, manifest: Manifest, remarks: str) -> None:
    from lesions.serving.structured_report import build_structured_report  # of the extra `dicom`

    report = build_structured_report(answer, source, manifest, remarks)
    with atomic_path(path) as temporary:
        report.save_as(temporary)
