"""Several datasets of the user's own are read as each is described, and messages name the one that they are about."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lesions.errors import InputError
from lesions.tables.index import write_index
from lesions.tables.metadata import read_metadata
from tests.builders import WriteParams, dataset_section
from tests.preparation import index_rows, prepare

A = {
    "name": "a",
    "kind": "csv",
    "table": "t.csv",
    "columns": {"image_id": "Foto", "patient_id": "Patient", "diagnosis": "Befund"},
    "subgroups": {"camera": "Kamera"},
    "words": {"diagnosis": {"Nävus": "nevus"}},
    "missing": {"camera": ["k. A."]},
}
B = {
    "name": "b",
    "kind": "image_folder",
    "folder": "clinic/b",
    "table": "who.csv",
    "columns": {"image_id": "file", "patient_id": "person"},
    "subgroups": {"camera": "device", "polarised": "pol"},
    "words": {"diagnosis": {"mole": "nevus"}, "camera": {"DL4": "Dermlite  DL4"}},
}
ROWS_A = ["1.jpg,P1,Nävus,Canon EOS", "2.jpg,P2,melanoma,canon\u00a0eos", "3.jpg,P3,nevus,k. a."]
ROWS_B = ["1,P1,dl4,1", "2,P4,,unknown", "3,P5,Canon EOS,1"]
FILES = ["a/1.jpg", "a/2.jpg", "a/3.jpg", "clinic/b/mole/1.jpg", "clinic/b/mole/2.jpg", "clinic/b/melanoma/3.jpg"]


class Clinics:
    """A table and folders of three images each, and the parameters that describe them."""

    def __init__(self, folder: Path, write_params: WriteParams) -> None:
        self.folder, self.write_params = folder, write_params
        for name in ("a", "clinic/b"):
            (folder / name).mkdir(parents=True)
        write_index(folder / "images.csv", [row | {"file": FILES[row["row"]]} for row in index_rows(FILES)])

    def prepare(
        self, *, a: dict[str, Any] | None = None, b: dict[str, Any] | None = None, **changes: Any
    ) -> list[list[str]]:
        """Prepare with changed descriptions; return each image with its patient and its subgroups."""
        section = dataset_section(self.folder, "a", "b", sources=[A | (a or {}), B | (b or {})])
        prepare(self.folder, self.write_params(dataset=section | changes))
        metadata = read_metadata(self.folder / "metadata.csv")
        columns = ["image_id", "patient_id", "subgroup_camera", "subgroup_polarised"]
        return metadata[columns].fillna("").to_numpy().tolist()

    def write(self, rows_a: list[str] = ROWS_A, rows_b: list[str] = ROWS_B) -> "Clinics":
        (self.folder / "a/t.csv").write_text("\n".join(["Foto,Patient,Befund,Kamera", *rows_a]) + "\n")
        (self.folder / "clinic/b/who.csv").write_text("\n".join(["file,person,device,pol", *rows_b]) + "\n")
        return self

    @property
    def metrics(self) -> dict[str, Any]:
        return json.loads((self.folder / "data.json").read_text())


@pytest.fixture
def clinics(tmp_path: Path, write_params: WriteParams) -> Clinics:
    return Clinics(tmp_path, write_params).write()


def test_each_source_is_read_as_it_is_described(clinics: Clinics) -> None:
    assert clinics.prepare() == [
        ["a/1", "a/P1", "canon eos", ""],
        ["a/2", "a/P2", "canon eos", ""],
        ["a/3", "a/P3", "", ""],
        ["clinic/b/melanoma/3", "clinic/b/P5", "canon eos", "1"],
        ["clinic/b/mole/1", "clinic/b/P1", "dermlite dl4", "1"],
        ["clinic/b/mole/2", "clinic/b/P4", "", ""],
    ]
    metadata = read_metadata(clinics.folder / "metadata.csv")
    assert metadata.source.tolist() == ["a"] * 3 + ["b"] * 3
    assert metadata.diagnosis.tolist() == ["nevus", "melanoma", "nevus", "melanoma", "nevus", "nevus"]
    assert metadata.file.tolist()[-1] == "clinic/b/mole/2.jpg"
    assert clinics.metrics["num_images_by_source"] == {"a": 3, "b": 3}


def test_patients_of_two_sources_are_different_and_the_doubt_is_counted(
    clinics: Clinics, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the patients, P1 is in both tables; p2 is similar to P2."""
    clinics.write(rows_b=["1,P1,,", "2,p2,,", "3,P5,,"]).prepare()
    assert (
        "a and b: 2 patients have an identifier that is in both, or a similar one, and count as different patients, "
        "which may be on two sides of the split; if they are the same, set same_patients_as: a in "
        "dataset.sources.1 (b)"
    ) in capsys.readouterr().out
    assert clinics.metrics["identifiers"]["patient_id"]["num_in_two_datasets"] == 2
    assert clinics.metrics["num_patients"] == 6


def test_patients_may_be_the_same_in_two_sources(clinics: Clinics, capsys: pytest.CaptureFixture[str]) -> None:
    prepared = clinics.prepare(b={"same_patients_as": "a"})
    assert [patient for _, patient, *_ in prepared] == ["a/P1", "a/P2", "a/P3", "a/P5", "a/P1", "a/P4"]
    printed = capsys.readouterr().out
    assert (
        "a and b: 1 patients have an identifier that is in both, and count as the same (same_patients_as)" in printed
    )
    assert clinics.metrics["identifiers"]["patient_id"]["num_in_two_datasets"] == 0
    assert clinics.metrics["num_patients"] == 5


def test_patients_that_may_be_the_same_in_two_spellings_stop_the_run(
    clinics: Clinics, capsys: pytest.CaptureFixture[str]
) -> None:
    clinics.write(rows_b=["1,p1,,", "2,p1,,", "3,P5,,"])
    same: dict[str, Any] = {"b": {"same_patients_as": "a"}}
    with pytest.raises(InputError) as caught:
        clinics.prepare(**same)
    assert str(caught.value) == (
        "a and b: identifiers that may be the same one in several spellings:\n"
        "  1 × patient_id (patient_id):\n"
        "    'a/P1' (1 rows), 'a/p1' (2 rows): capitals\n"
        "A patient or a lesion that counts as two can be in training and in the test at once. Correct the table, or "
        "set dataset.similar_identifiers to join if each of these sets is one, or to keep if they are different"
    )
    capsys.readouterr()
    kept = [patient for _, patient, *_ in clinics.prepare(**same, similar_identifiers="keep")]
    assert kept == ["a/P1", "a/P2", "a/P3", "a/P5", "a/p1", "a/p1"]
    printed = capsys.readouterr().out
    assert (
        "a and b: 1 patients have an identifier that is in both in another spelling, and are kept apart by "
        "dataset.similar_identifiers\n"
    ) in printed
    assert "count as the same" not in printed
    assert clinics.metrics["identifiers"]["patient_id"]["num_similar_kept_apart"] == 1
    joined = [patient for _, patient, *_ in clinics.prepare(**same, similar_identifiers="join")]
    assert joined == ["a/p1", "a/P2", "a/P3", "a/P5", "a/p1", "a/p1"]


def test_of_patients_that_are_kept_apart_only_equal_ones_count_as_the_same(
    clinics: Clinics, capsys: pytest.CaptureFixture[str]
) -> None:
    clinics.write(rows_b=["1,p1,,", "2,P2,,", "3,P3,,"])
    clinics.prepare(b={"same_patients_as": "a"}, similar_identifiers="keep")
    printed, both = capsys.readouterr().out, "patients have an identifier that is in both"
    assert f"a and b: 2 {both}, and count as the same (same_patients_as)\n" in printed
    assert f"a and b: 1 {both} in another spelling, and are kept apart by dataset.similar_identifiers\n" in printed
    counts = clinics.metrics["identifiers"]["patient_id"]
    assert (counts["num_similar_kept_apart"], counts["num_in_two_datasets"]) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"b": {"subgroups": {"camera": "cam"}, "words": {}}},
            "clinic/b/who.csv: the column cam (dataset.sources.1.subgroups.camera) is missing; found file, person, ",
        ),
        (
            {"a": {"columns": {"image_id": "Foto", "diagnosis": "Befund", "sex": "m/w"}}},
            "a/t.csv: the column m/w (dataset.sources.0.columns.sex) is missing; found Foto, Patient, Befund, Kamera",
        ),
        (
            {"b": {"words": {"diagnosis": {"mole": "Nevus"}}}},
            "dataset.sources.1.words.diagnosis: 'mole' becomes 'Nevus', expected a name",
        ),
        (
            {"a": {"words": {"camera": {"x": "y" * 101}}}},
            "dataset.sources.0.words.camera: 'x' becomes 'yyyyyyyy",
        ),
    ],
)
def test_what_a_table_lacks_is_named_with_its_source(clinics: Clinics, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        clinics.prepare(**changes)


def test_unknown_words_come_with_the_place_to_explain_them(clinics: Clinics) -> None:
    with pytest.raises(InputError) as caught:
        clinics.prepare(a={"words": {}})
    assert "1 × Befund: unknown are 'Nävus' (1 rows); known are " in str(caught.value)
    assert (
        "to use these rows, complete these lines in dataset.sources.0 of params.yaml (unknown leaves their images "
        'out)\n      words:\n        diagnosis:\n          "Nävus": FILL_IN  # 1 rows'
    ) in str(caught.value)


def test_rows_that_disagree_about_subgroups_are_refused(clinics: Clinics) -> None:
    clinics.write(rows_a=[*ROWS_A[:2], "3.jpg,P3,nevus,Nikon", "3.jpg,P3,nevus,Canon"])
    with pytest.raises(InputError, match=r"2 × Foto: rows about one image disagree about Kamera \(first: line 4, "):
        clinics.prepare()


def test_a_long_value_of_subgroups_is_refused(clinics: Clinics) -> None:
    long = "x" * 101
    clinics.write(rows_a=[*ROWS_A[:2], f"3.jpg,P3,nevus,{long}"])
    with pytest.raises(
        InputError, match=r"1 × Kamera: should have at most 100 characters \(first: line 4, value 'xxx"
    ):
        clinics.prepare()


def test_a_column_of_identifiers_is_refused_by_name(clinics: Clinics) -> None:
    clinics.write(rows_a=[f"{n}.jpg,P{n},nevus,case {n}" for n in (1, 2, 3)])
    assert clinics.prepare()[0] == ["a/1", "a/P1", "case 1", ""]
    write_index(
        clinics.folder / "images.csv",
        [row | {"file": f"a/{row['row']}.jpg"} for row in index_rows(list(map(str, range(9))))],
    )
    clinics.write(rows_a=[f"{n}.jpg,P{n},nevus,case {n}" for n in range(9)])
    section = dataset_section(clinics.folder, "a", sources=[A | {"folder": "a"}])
    with pytest.raises(
        InputError, match=r"^dataset\.sources\.0\.subgroups\.camera: a: Kamera has 9 values for 9 pat"
    ):
        prepare(clinics.folder, clinics.write_params(dataset=section))
