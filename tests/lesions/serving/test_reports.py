"""Reports for clinical systems, as `lesions predict` writes them: what they say, and of whom they say nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from lesions.command_line.app import commands
from lesions.serving.clinical_codes import SNOMED_CODES, find_code
from lesions.serving.manifest import ServedClass
from lesions.serving.report_source import make_uid
from lesions.serving.reports import DISCLAIMER
from tests import served
from tests.dicom_files import IMAGE_UID, PATIENT, STUDY_UID, build, pydicom, spell, write

highdicom = pytest.importorskip("highdicom", reason='highdicom is not installed: pip install "lesions[dicom]"')
bundles = pytest.importorskip("fhir.resources.R4B.bundle", reason="fhir.resources is not installed")

# pydicom's objects, which highdicom builds, have names in UIDs that their classes know only later.
pytestmark = pytest.mark.filterwarnings(r"ignore::UserWarning:pydicom\.", r"ignore::UserWarning:highdicom\.")

RED, WHITE = (220, 40, 40), (250, 250, 250)
IDENTIFIERS = [value for value in (*PATIENT.values(), "Doe", "Jane", STUDY_UID, IMAGE_UID) if len(value) > 1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, in which the program is called."""
    monkeypatch.chdir(tmp_path)
    served.write_model(tmp_path / "model.onnx")
    write(tmp_path / "Jane-Doe.dcm", RED)
    return tmp_path


def predict(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(commands, ["predict", "--model", "model.onnx", *arguments])
    assert result.exit_code == code, result.output
    return result


def read_resources(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the resources of a Bundle by their type, after fhir.resources has validated it."""
    text = path.read_text()
    bundles.Bundle.model_validate_json(text)
    resources: dict[str, list[dict[str, Any]]] = {}
    for entry in json.loads(text)["entry"]:
        resources.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return resources


def read_content(path: Path) -> Any:
    """Return the content of a Structured Report, after highdicom has read it as one."""
    (content,) = highdicom.sr.srread(path).content
    return content


def find_values(item: Any) -> list[tuple[str, Any]]:
    """Return the names and values of all that a content item has in it, in their order."""
    found: list[tuple[str, Any]] = []
    for each in item.get("ContentSequence", []):
        name = each.ConceptNameCodeSequence[0].CodeMeaning if "ConceptNameCodeSequence" in each else ""
        if each.ValueType == "NUM":
            found.append((name, float(each.MeasuredValueSequence[0].NumericValue)))
        elif each.ValueType == "CODE":
            concept = each.ConceptCodeSequence[0]
            found.append((name, (concept.CodingSchemeDesignator, concept.get("CodeValue") or concept.LongCodeValue)))
        elif each.ValueType == "TEXT":
            found.append((name, each.TextValue))
        found += find_values(each)
    return found


def test_a_dicom_file_is_answered_as_the_png_of_its_pixels() -> None:
    served.write_image(Path("red.png"), RED)
    predict("Jane-Doe.dcm", "red.png", "--output", "rows.jsonl")
    of_dicom, of_png = map(json.loads, Path("rows.jsonl").read_text().splitlines())
    assert of_dicom == of_png | {"file": "Jane-Doe.dcm"}
    assert of_dicom["diagnosis"] == "melanoma"


def test_a_structured_report_says_what_the_answer_says() -> None:
    predict("Jane-Doe.dcm", "--output", "rows.jsonl", "--dicom-sr", "sr")
    row = json.loads(Path("rows.jsonl").read_text())
    report = pydicom.dcmread("sr/000001.dcm")
    assert (report.SOPClassUID.name, report.Modality) == ("Comprehensive SR Storage", "SR")
    assert (report.CompletionFlag, report.PreliminaryFlag, report.VerificationFlag) == (
        *("PARTIAL", "PRELIMINARY", "UNVERIFIED"),
    )
    values = find_values(read_content(Path("sr/000001.dcm")))
    assert ("Procedure reported", ("DCM", "XC")) in values
    assert ("Impression", ("SCT", "372244006")) in values
    assert [value for name, value in values if name == "Probability of cancer"] == pytest.approx([row["malignancy"]])
    assert [value for name, value in values if name == "Finding"] == [
        *(("SCT", "95324001"), ("SCT", "372244006"), ("SCT", "400096001"), ("99LESIONS", "vascular_lesion")),
    ]
    probabilities = [value for name, value in values if name == "Probability"]
    assert probabilities == pytest.approx(list(row["probabilities"].values()))
    (comment,) = [value for name, value in values if name == "Comment"]
    assert comment.startswith(f"{DISCLAIMER} Intended use: Research; no diagnosis.")


def test_a_fhir_report_says_what_the_answer_says() -> None:
    served.write_image(Path("red.png"), RED)
    predict("red.png", "--output", "rows.jsonl", "--fhir", "fhir")
    row = json.loads(Path("rows.jsonl").read_text())
    resources = read_resources(Path("fhir/000001.json"))
    (report,) = resources["DiagnosticReport"]
    called, malignancy, *probabilities = resources["Observation"]
    assert {each["status"] for each in (report, *resources["Observation"])} == {"preliminary"}
    assert len(report["result"]) == 5
    assert report["conclusion"].startswith(f"{DISCLAIMER} Intended use: Research; no diagnosis.")
    assert called["valueCodeableConcept"] == {
        "coding": [{"system": "http://snomed.info/sct", "code": "372244006", "display": "Malignant melanoma"}],
        "text": "melanoma",
    }
    assert malignancy["valueQuantity"]["value"] == row["malignancy"]
    assert malignancy["interpretation"] == [
        {"text": "At least the threshold 0.4, which was chosen on validation images"}
    ]
    assert [each["valueQuantity"]["value"] for each in probabilities] == list(row["probabilities"].values())
    assert [each["code"]["text"] for each in probabilities][2] == "Probability of vascular lesion"
    assert "coding" not in probabilities[2]["component"][0]["valueCodeableConcept"]
    assert not {"Patient", "subject", "imagingStudy"} & {*resources, *report}


def test_without_being_asked_no_report_says_who_the_patient_is() -> None:
    shown = predict("Jane-Doe.dcm", "--dicom-sr", "sr", "--fhir", "fhir").output
    assert not [value for value in IDENTIFIERS if value in shown.replace("Jane-Doe.dcm", "")]
    for path in (Path("sr/000001.dcm"), Path("fhir/000001.json")):
        assert not [value for value in IDENTIFIERS if value.encode() in path.read_bytes()]
    report, study = pydicom.dcmread("sr/000001.dcm"), make_uid("source", "study", STUDY_UID)
    assert (report.StudyInstanceUID, report.PatientName, report.PatientID) == (study, "", "")
    (of_fhir,) = read_resources(Path("fhir/000001.json"))["DiagnosticReport"]
    assert of_fhir["imagingStudy"][0]["identifier"]["value"] == f"urn:oid:{study}"


def test_on_request_the_reports_name_the_patient_the_study_and_the_image() -> None:
    predict("Jane-Doe.dcm", "--dicom-sr", "sr", "--fhir", "fhir", "--keep-identifiers")
    report = pydicom.dcmread("sr/000001.dcm")
    assert (report.PatientName, report.PatientID, report.PatientBirthDate) == ("Doe^Jane", "MRN-4711", "19610203")
    assert (report.StudyInstanceUID, report.AccessionNumber, report.ContentDate) == (STUDY_UID, "ACC-99", "20240506")
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0]
    assert evidence.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == IMAGE_UID
    resources = read_resources(Path("fhir/000001.json"))
    (patient,) = resources["Patient"]
    assert patient == {
        "resourceType": "Patient",
        "identifier": [{"value": "MRN-4711"}],
        "name": [{"text": "Doe Jane", "family": "Doe", "given": ["Jane"]}],
        "gender": "female",
        "birthDate": "1961-02-03",
    }
    assert {each["effectiveDateTime"] for each in resources["Observation"]} == {"2024-05-06"}


def test_identifiers_that_are_not_as_the_standard_says_are_left_out_or_cut() -> None:
    pixels = np.full((24, 24, 3), RED, np.uint8)
    pixels[:6] //= 2
    data = spell(build(pixels, StudyInstanceUID=None, PatientSex=None, StudyDate=None, PatientName="Ångström^Zoë"))
    Path("odd.dcm").write_bytes(data.replace(b"19610203", b"1961-2-3"))
    predict("odd.dcm", "--dicom-sr", "sr", "--fhir", "fhir", "--keep-identifiers")
    report = pydicom.dcmread("sr/000001.dcm")
    assert (report.PatientBirthDate, report.PatientSex, report.ContentDate) == ("", "", "19000101")
    assert report.StudyInstanceUID.startswith("2.25.")
    (patient,) = read_resources(Path("fhir/000001.json"))["Patient"]
    assert not {"birthDate", "gender"} & {*patient}


def test_a_name_in_several_scripts_is_several_names() -> None:
    pixels = np.full((24, 24, 3), RED, np.uint8)
    pixels[:6] //= 2
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    Path("three.dcm").write_bytes(spell(build(pixels, PatientName=name, SpecificCharacterSet="ISO_IR 192")))
    predict("three.dcm", "--fhir", "fhir", "--keep-identifiers")
    (patient,) = read_resources(Path("fhir/000001.json"))["Patient"]
    assert patient["name"] == [
        {"text": f"{family} {given}", "family": family, "given": [given]}
        for family, given in (("Yamada", "Tarou"), ("山田", "太郎"), ("やまだ", "たろう"))
    ]


def test_the_same_image_gives_the_same_reports_and_another_model_others() -> None:
    predict("Jane-Doe.dcm", "--dicom-sr", "a", "--fhir", "a")
    predict("Jane-Doe.dcm", "--dicom-sr", "b", "--fhir", "b")
    for name in ("000001.dcm", "000001.json"):
        assert Path("a", name).read_bytes() == Path("b", name).read_bytes()
    predict("Jane-Doe.dcm", "--dicom-sr", "c", "--min-confidence", "1")
    first, other = (pydicom.dcmread(f"{name}/000001.dcm") for name in "ac")
    assert first.SOPInstanceUID != other.SOPInstanceUID
    assert first.SeriesInstanceUID == other.SeriesInstanceUID
    assert "The model abstains" in str(other.ContentSequence[-1].TextValue)


def test_each_image_without_a_report_is_counted() -> None:
    served.write_image(Path("red.png"), RED)
    write(Path("film.dcm"), NumberOfFrames=3)
    write(Path("white.dcm"), WHITE)
    shown = predict(
        *("film.dcm", "red.png", "Jane-Doe.dcm", "white.dcm", "--output", "rows.csv"),
        *("--dicom-sr", "sr", "--fhir", "fhir"),
        code=3,
    ).output
    assert sorted(path.name for path in Path("sr").iterdir()) == ["000003.dcm", "000004.dcm"]
    assert sorted(path.name for path in Path("fhir").iterdir()) == ["000002.json", "000003.json", "000004.json"]
    assert "DICOM Structured Reports: 2 in sr\nFHIR reports: 3 in fhir\n" in shown
    assert "images without a Structured Report, as they are no DICOM files: 1\n" in shown
    assert "images without a report, as they are refused: 1\n" in shown
    unlike = read_resources(Path("fhir/000004.json"))
    assert "The image is not like the training images" in unlike["Observation"][0]["note"][-1]["text"]


def test_what_cannot_be_written_is_said_before_anything_is_predicted() -> None:
    shown = predict("Jane-Doe.dcm", "--keep-identifiers", code=2).output
    assert "--keep-identifiers: says what is in reports; name a folder by --dicom-sr or --fhir" in shown
    Path("sr").write_text("a file")
    assert "is a file, and sr/000001.dcm is to be written below it" in predict(
        "Jane-Doe.dcm", "--dicom-sr", "sr", code=2
    ).output.replace("\n", " ")


@pytest.mark.parametrize(
    ("diagnoses", "code"),
    [
        (("melanoma",), SNOMED_CODES["melanoma"]),
        (("melanoma", "nevus"), None),  # a class of several diagnoses is none of them
        (("actinic_keratosis",), None),
    ],
)
def test_a_class_has_a_code_only_if_it_is_exactly_one_diagnosis(diagnoses: tuple[str, ...], code: Any) -> None:
    assert find_code(ServedClass(name="x", diagnoses=diagnoses, is_malignant=None)) == code


def test_a_report_does_not_replace_the_dicom_file_that_it_is_about(folder: Path) -> None:
    source = folder / "dcm/000001.dcm"
    source.parent.mkdir()
    write(source, RED)
    before = source.read_bytes()
    shown = predict("dcm", "--output", "rows.csv", "--dicom-sr", "dcm", code=2).output
    assert "dcm/000001.dcm: is a source too, which --dicom-sr could replace; name another folder" in shown
    assert source.read_bytes() == before
