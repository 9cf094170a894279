"""A patient or a lesion in two spellings is one, or stops the run until the parameters say whether it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from lesions.errors import InputError
from lesions.tables.index import write_index
from lesions.tables.metadata import read_metadata
from tests.builders import WriteParams, dataset_section
from tests.preparation import GOOD, HEADER, index_rows, prepare

COLUMNS = {"image_id": "photo", "patient_id": "patient", "lesion_id": "lesion", "diagnosis": "finding"}


class Clinic:
    """A table of four images, whose patients and lesions a test chooses."""

    def __init__(self, folder: Path, write_params: WriteParams) -> None:
        self.folder = folder
        self.write_params = write_params
        write_index(folder / "images.csv", index_rows([str(n) for n in range(4)]))

    def prepare(
        self, patients: list[str], lesions: list[str] | None = None, **changes: Any
    ) -> tuple[list[str], list[str]]:
        """Return the patients and the lesions of the metadata."""
        pairs = zip(patients, lesions or "abcd", strict=True)
        rows = [f'{number},"{who}","{spot}",nevus' for number, (who, spot) in enumerate(pairs)]
        (self.folder / "findings.csv").write_text("\n".join(["photo,patient,lesion,finding", *rows]) + "\n")
        section = dataset_section(self.folder, "csv", table="findings.csv", columns=COLUMNS, **changes)
        prepare(self.folder, self.write_params(dataset=section))
        metadata = read_metadata(self.folder / "metadata.csv")
        return metadata.patient_id.fillna("").tolist(), metadata.lesion_id.fillna("").tolist()

    def count(self, field: str) -> dict[str, int]:
        """Return the numbers of the field that are not 0."""
        counts = json.loads((self.folder / "data.json").read_text())["identifiers"][field]
        return {name: number for name, number in counts.items() if number}


@pytest.fixture
def clinic(tmp_path: Path, write_params: WriteParams) -> Clinic:
    return Clinic(tmp_path, write_params)


def test_spellings_of_one_patient_are_joined_and_counted(clinic: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
    patients, _ = clinic.prepare(["17", "17.0", "P\u00a01", "P  1\u200b"])
    assert patients == ["17", "17", "P 1", "P 1"]
    assert clinic.count("patient_id") == {"num_joined_spellings": 2}
    assert clinic.count("lesion_id") == {}
    printed = capsys.readouterr().out
    assert "csv: patient: identifiers in several spellings, which are joined: 2\n" in printed
    assert "17" not in printed


@pytest.mark.parametrize("patients", [["P01", "p01"], ["01", "1"], ["A1", "\u04101"], ["100000", "1E5"]])
def test_patients_that_may_be_one_stop_the_run_until_the_parameters_decide(
    clinic: Clinic, patients: list[str]
) -> None:
    with pytest.raises(InputError, match=r"findings.csv: identifiers that may be the same one in several spellings:"):
        clinic.prepare([*patients, "x", "y"])
    assert not (clinic.folder / "metadata.csv").exists()
    assert clinic.prepare([*patients, "x", "y"], similar_identifiers="keep")[0] == [*patients, "x", "y"]
    assert clinic.count("patient_id") == {"num_similar_kept_apart": 1}
    first, second, *others = clinic.prepare([*patients, "x", "y"], similar_identifiers="join")[0]
    assert first == second
    assert others == ["x", "y"]
    assert clinic.count("patient_id") == {"num_similar_joined": 1}


def test_a_word_for_not_known_is_no_patient(clinic: Clinic) -> None:
    patients, lesions = clinic.prepare(["N/A", "-", "nan", "P1"], ["None", "?", "L1", "."])
    assert patients == ["", "", "", "P1"]
    assert lesions == ["", "", "L1", ""]
    assert clinic.count("patient_id") == clinic.count("lesion_id") == {"num_not_known_words": 3}


@pytest.mark.parametrize("similar", ["ask", "join"])
def test_the_parameters_words_are_matched_however_a_number_is_written_and_before_identifiers_are_compared(
    clinic: Clinic, similar: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The unknown 0 is not similar to patient 00, nor 9999 one patient; 17, which is A17, is not similar to 017."""
    changes: dict[str, Any] = {
        "missing": {"patient_id": ["0", "9999.0"]},
        "words": {"patient_id": {"17.0": "A17"}},
        "similar_identifiers": similar,
    }
    assert clinic.prepare(["9999.0", "9999", "00", "0"], **changes)[0] == ["", "", "00", ""]
    assert clinic.count("patient_id") == {"num_not_known_words": 3}
    assert "csv: patient: rows with a word for 'not known': 3\n" in capsys.readouterr().out
    assert clinic.prepare(["17", "17.0", "017", "0"], **changes)[0] == ["A17", "A17", "017", ""]
    assert clinic.count("patient_id") == {"num_not_known_words": 1, "num_joined_spellings": 1}


def test_similar_identifiers_are_joined_by_what_the_parameters_words_make_of_them(clinic: Clinic) -> None:
    """Each word is translated once: 1 becomes 2, and not 3."""
    words = {"patient_id": {"1": "2", "2": "3"}}
    patients, _ = clinic.prepare(["1", "1.0", "02", "x"], words=words, similar_identifiers="join")
    assert patients == ["2", "2", "2", "x"]


def test_lesions_are_compared_within_the_patient(clinic: Clinic) -> None:
    numbers = ["1", "01", "1.0", "1"]
    _, lesions = clinic.prepare(["A", "B", "C", "C"], numbers, lesions_by_patient=True)
    assert lesions == ["A/1", "B/01", "C/1", "C/1"]
    with pytest.raises(InputError, match=r"1 × lesion \(lesion_id\):\n    'A/01' \(1 rows\), 'A/1' \(2 rows\): lead"):
        clinic.prepare(["A", "A", "A", "C"], numbers, lesions_by_patient=True)


def test_an_image_may_be_called_not_available(clinic: Clinic) -> None:
    write_index(clinic.folder / "images.csv", index_rows(["NA", "1", "2", "3"]))
    section = dataset_section(
        clinic.folder, "csv", table="a.csv", columns={"image_id": "photo", "diagnosis": "finding"}
    )
    (clinic.folder / "a.csv").write_text("photo,finding\nNA,nevus\n1,melanoma\n")
    prepare(clinic.folder, clinic.write_params(dataset=section))
    assert read_metadata(clinic.folder / "metadata.csv").image_id.tolist() == ["1", "NA"]


def test_identifiers_of_two_datasets_are_counted_together_and_never_compared(
    tmp_path: Path, write_params: WriteParams
) -> None:
    (tmp_path / "ham10000").mkdir()
    rows = [GOOD[0], GOOD[1].replace("HAM_1", "\u200bHAM_0"), GOOD[2].replace("HAM_2", "n/a")]
    (tmp_path / "ham10000/HAM10000_metadata.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv/findings.csv").write_text("photo,lesion,finding\na,ham_0,nevus\nb,N/A,nevus\n")
    images = index_rows(["ISIC_0", "ISIC_1", "ISIC_2", "a", "b"])
    for image in images:
        image["file"] = ("csv/" if image["row"] > 2 else "ham10000/") + image["file"]
    write_index(tmp_path / "images.csv", images)
    columns = {"image_id": "photo", "lesion_id": "lesion", "diagnosis": "finding"}
    section = dataset_section(tmp_path, "ham10000", "csv", table="findings.csv", columns=columns)
    prepare(tmp_path, write_params(dataset=section))
    lesions = read_metadata(tmp_path / "metadata.csv").lesion_id.fillna("").tolist()
    assert lesions == ["csv/ham_0", "", "ham10000/HAM_0", "ham10000/HAM_0", ""]
    counts = json.loads((tmp_path / "data.json").read_text())["identifiers"]["lesion_id"]
    assert (counts["num_joined_spellings"], counts["num_not_known_words"]) == (1, 2)
