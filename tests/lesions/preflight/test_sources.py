"""`lesions check` reads each of several datasets of one's own, and says what is wrong with which."""

from pathlib import Path
from typing import Any

import pytest

from lesions.errors import InputError
from lesions.parameters.overlay import lay_over
from lesions.preflight.check import check_run
from tests.presets import write_presets

JPEG = b"\xff\xd8\xff"
"""The first bytes of a JPEG, which are all that is read before a run."""


def write_clinic(folder: Path, patients: str, cameras: list[str]) -> None:
    """Write eight images, each of another patient, and their table; two images have each diagnosis."""
    folder.mkdir(parents=True)
    rows = [f"{n}.jpg,{patients}{n},{'melanoma' if n < 4 else 'nevus'},{cameras[n % 2]}" for n in range(8)]
    for n in range(8):
        (folder / f"{n}.jpg").write_bytes(JPEG + bytes([n]))
    (folder / "t.csv").write_text("\n".join(["photo,who,finding,cam", *rows]) + "\n")


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Parameters of two clinics; the second one is only scored."""
    monkeypatch.chdir(tmp_path)
    params = write_presets(tmp_path, "tiny")
    lay_over(params, {"models": ["custom_cnn"]})
    write_clinic(tmp_path / "clinics/images", "A", ["Canon", ""])
    write_clinic(tmp_path / "clinics/other", "B", ["", "canon"])
    describe(params)
    return params


def describe(params: Path, **changes: Any) -> None:
    """Describe the clinics, the second one with changes."""
    columns = {"image_id": "photo", "patient_id": "who", "diagnosis": "finding"}
    one = {"name": "images", "kind": "csv", "table": "t.csv", "columns": columns, "subgroups": {"camera": "cam"}}
    other = one | {"name": "other"} | changes
    names = {"names": ["images"], "external": ["other"], "root": "clinics"}
    lay_over(params, {"dataset": names | {"sources": [one, other]}})


def test_each_source_has_its_rows_and_all_have_their_subgroups(params: Path) -> None:
    findings = check_run(params)
    assert findings.problems == []
    assert findings.doubts == []
    assert findings.rows["images"] == "16"
    for name in ("images", "other"):
        valid = "8: 8 valid, 0 refused, 0 left out; 0 image files that no row names"
        assert findings.rows[f"{name}: rows"] == valid
        assert findings.rows[f"{name}: used"] == "8 images: melanoma 4, nevus 4"
    assert findings.rows["subgroups: camera"] == "canon 8, not known 8"


def test_subgroups_that_no_image_has_are_said(params: Path, tmp_path: Path) -> None:
    for name in ("images", "other"):
        table = tmp_path / f"clinics/{name}/t.csv"
        table.write_text(table.read_text().replace("Canon", "").replace("canon", "unknown"))
    assert check_run(params).rows["subgroups: camera"] == "not known 16"


@pytest.mark.parametrize("same", [None, "images"])
def test_patients_that_may_be_the_same_are_doubted_unless_the_parameters_say_so(
    params: Path, tmp_path: Path, same: str | None
) -> None:
    table = tmp_path / "clinics/other/t.csv"
    table.write_text(table.read_text().replace("B", "A"))
    describe(params, same_patients_as=same)
    findings = check_run(params)
    found = "images and other: 8 patients have an identifier that is in both"
    if same:
        assert findings.doubts == []
        row = findings.rows["images and other: patient_id, same"]
        assert row == f"{found}, and count as the same (same_patients_as)"
    else:
        (doubt,) = findings.doubts
        assert doubt.startswith(f"{found}, or a similar one, and count as different patients")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": "found.csv"}, "dataset.sources.1.table: there is no file clinics/other/found.csv"),
        ({"folder": "nowhere"}, "dataset.sources.1.table: there is no file clinics/nowhere/t.csv"),
        (
            {"subgroups": {"camera": "device"}},
            "clinics/other/t.csv: the column device (dataset.sources.1.subgroups.camera) is missing; found photo, "
            "who, finding, cam",
        ),
        (
            {"kind": "image_folder", "table": None, "columns": {}, "subgroups": {}},
            "clinics/other: no image lies in a folder that could be named after a diagnosis",
        ),
    ],
)
def test_what_is_not_there_is_named_with_its_source(params: Path, changes: dict[str, Any], message: str) -> None:
    describe(params, **changes)
    with pytest.raises(InputError) as caught:
        check_run(params).raise_problems()
    assert str(caught.value) == message


def test_a_column_of_numbers_is_no_subgroup(params: Path, tmp_path: Path) -> None:
    table = tmp_path / "clinics/other/t.csv"
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([f"{head},diameter", *(f"{row},{n / 7:.3f}" for n, row in enumerate(rows))]) + "\n")
    describe(params, subgroups={"camera": "diameter"})
    with pytest.raises(InputError) as caught:
        check_run(params).raise_problems()
    assert str(caught.value) == (
        "dataset.sources.1.subgroups.camera: other: diameter has 8 values for 8 patients: they look like identifiers "
        "or measurements, and the values of subgroups leave data/; take the column out, or join its values by words"
    )
