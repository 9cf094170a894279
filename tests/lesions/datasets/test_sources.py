"""Several datasets of one's own are described one by one, and each mistake is named with its dataset."""

import re
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides

from lesions.datasets.parameters import NAMES, DatasetParameters
from lesions.errors import InputError
from lesions.parameters.section import read_section
from tests.builders import WriteParams, dataset_section

COLUMNS = {"image_id": "photo", "patient_id": "who", "diagnosis": "finding"}


def source(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "kind": "csv", "table": "t.csv", "columns": COLUMNS} | changes


def read(write_params: WriteParams, *sources: dict[str, Any], root: Path | str = "r", **changes: Any) -> Any:
    names = list(dict.fromkeys(one["name"] for one in sources))
    section = dataset_section(root, *names) | {"sources": list(sources)} | changes
    return read_section(write_params(dataset=section), "dataset", DatasetParameters)


def refuse(write_params: WriteParams, message: str, *sources: dict[str, Any], **changes: Any) -> None:
    with pytest.raises(InputError, match=re.escape(f": {message}") + "$"):
        read(write_params, *sources, **changes)


def test_each_source_has_a_folder_that_is_its_name_by_default(write_params: WriteParams) -> None:
    both = read(write_params, source("a"), source("b", folder="other//place/"), external=["pad_ufes_20"])
    assert both.folders == ("a", "other/place", "pad_ufes_20")
    assert [both.find_key(name) for name in both.all_names] == ["dataset.sources.0", "dataset.sources.1", "dataset"]
    assert read(write_params, source("a")).folders == (".",)
    assert read(write_params, source("a", folder="b")).folders == ("b",)


def test_a_source_without_missing_words_has_the_list_of_the_section(write_params: WriteParams) -> None:
    both = read(write_params, source("a"), source("b", missing=["x"]), missing=["?"])
    assert (both.find_source("a").missing, both.find_source("b").missing) == (("?",), ("x",))
    assert both.find_source("ham10000") is None


def test_the_short_form_is_a_source_with_the_name_of_its_kind(write_params: WriteParams) -> None:
    section = dataset_section("r", "csv", table="t.csv", columns=COLUMNS, subgroups={"camera": "cam"}, missing=["?"])
    parameters = read_section(write_params(dataset=section), "dataset", DatasetParameters)
    own = parameters.find_source("csv")
    assert own is not None
    assert (own.name, own.kind, own.table, own.subgroups) == ("csv", "csv", "t.csv", {"camera": "cam"})
    assert (own.missing, own.same_patients_as) == (("?",), None)
    assert parameters.find_key("csv") == "dataset"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": None}, "csv needs table"),
        ({"columns": {"image_id": "photo"}}, "csv needs columns.diagnosis"),
        ({"kind": "image_folder", "table": None}, "table and columns need each other"),
        (
            {"kind": "image_folder"},
            "columns.diagnosis: with image_folder the folders are the diagnoses; use csv to read a column",
        ),
        (
            {"kind": "image_folder", "table": None, "columns": {}, "subgroups": {"camera": "cam"}},
            "subgroups needs table and columns.image_id, the column that names each row's image",
        ),
        (
            {"subgroups": {"person": "Who "}},
            "subgroups.person: Who  is columns.patient_id; an identifier is no subgroup",
        ),
        ({"words": {"sex": {"f": "female"}}}, "words.sex has no column; columns.sex is missing"),
        (
            {"words": {"image_id": {"0": "z"}}},
            "words.image_id: an image is named as its file is; correct the table instead",
        ),
        (
            {"words": {"camera": {"a": "b"}}},
            "words: expected patient_id, lesion_id, diagnosis, diagnosis_confirmation, age_years, sex, "
            "site, fitzpatrick_type or a name in subgroups, got 'camera'",
        ),
        (
            {"subgroups": {"camera": "cam"}, "words": {"camera": {"X": "y"}}, "missing": {"camera": ["x"]}},
            "words.camera and missing.camera both have 'X'; say it in one of them",
        ),
        (
            {"words": {"patient_id": {"17": "A"}}, "missing": {"patient_id": ["17.0"]}},
            "words.patient_id and missing.patient_id both have '17'; say it in one of them",
        ),
        (
            {"words": {"patient_id": {"17": "A", "17.0": "B"}}},
            "words.patient_id: '17' and '17.0' are one word, and cannot be two",
        ),
        (
            {"words": {"patient_id": {"N/A": "A"}}},
            "words.patient_id: 'N/A' always means 'not known', and cannot be 'A'",
        ),
        (
            {"words": {"patient_id": {"nobody": "unknown"}}},
            "words.patient_id: 'nobody' becomes 'unknown'; a word for 'not known' belongs in missing.patient_id",
        ),
        (
            {"words": {"diagnosis": {" ": "nevus"}}},
            "words.diagnosis: an empty cell always means 'not known', and cannot be 'nevus'",
        ),
        ({"lesions_by_patient": True}, "lesions_by_patient needs columns.patient_id and columns.lesion_id"),
        (
            {"columns": {"image_id": "photo", "diagnosis": "finding"}, "same_patients_as": "a"},
            "same_patients_as needs columns.patient_id or columns.lesion_id",
        ),
    ],
)
def test_a_contradiction_is_named_with_the_source(
    write_params: WriteParams, changes: dict[str, Any], message: str
) -> None:
    refuse(write_params, f"dataset.sources.1: clinic_b: {message}", source("a"), source("clinic_b", **changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "excel"}, "dataset.sources.0.kind: expected 'csv' or 'image_folder', got 'excel'"),
        ({"tabel": "t.csv"}, "dataset.sources.0.tabel: there is no such parameter"),
        ({"name": "../b"}, "dataset.sources.0.name: expected text like ^[a-z][a-z0-9_]{0,49}$, got '../b'"),
        ({"folder": "../b"}, "dataset.sources.0.folder: expected a path below dataset.root, got '../b'"),
        ({"table": "/t.csv"}, "dataset.sources.0.table: expected a path below dataset.root, got '/t.csv'"),
        (
            {"folder": "b\n"},
            "dataset.sources.0.folder: expected the path of a file or a folder, without control characters, got "
            "'b\\n'",
        ),
        (
            {"subgroups": {"Camera": "cam"}},
            "dataset.sources.0.subgroups.Camera: expected a name such as camera, of at most 30 lower-case letters, "
            "digits and _, got 'Camera'",
        ),
        (
            {"subgroups": {"site": "cam"}},
            "dataset.sources.0.subgroups.site: expected another name than site, which is a field or means something "
            "else",
        ),
    ],
)
def test_a_wrong_value_is_named_by_its_key(write_params: WriteParams, changes: dict[str, Any], message: str) -> None:
    refuse(write_params, message, source("a") | changes, names=["a"])


@pytest.mark.parametrize(
    ("sources", "changes", "message"),
    [
        (
            ["a", "b"],
            {"names": ["a"]},
            "dataset: sources.1: b is neither in names nor in external; add it there, or remove it here",
        ),
        (["a", "b", "a"], {"names": ["a", "b"]}, "dataset: sources.2: a is also the name of sources.0"),
        (["ham10000"], {}, "dataset: sources.0: the name ham10000 means something else; choose another"),
        (["sealed"], {}, "dataset: sources.0: the name sealed means something else; choose another"),
        (
            ["a"],
            {"external": ["b"]},
            f"dataset: external: expected one of {', '.join(NAMES)}, a, got 'b'; a dataset of one's own by another "
            "name needs a description in sources",
        ),
        (
            ["a"],
            {"names": ["a", "csv"]},
            "dataset: csv and sources: with sources, each dataset of one's own is one of them, by a name of its own",
        ),
        (
            ["a"],
            {"table": "t.csv"},
            "dataset: table, columns, subgroups, words, missing by field and lesions_by_patient belong to csv and "
            "image_folder, got a; each of sources has its own",
        ),
    ],
)
def test_sources_and_names_belong_together(
    write_params: WriteParams, sources: list[str], changes: dict[str, Any], message: str
) -> None:
    refuse(write_params, message, *map(source, sources), **changes)


def test_the_two_short_forms_together_are_told_of_sources(write_params: WriteParams) -> None:
    refuse(
        write_params,
        "dataset: table and columns can describe one dataset only, got csv and image_folder; describe them in "
        "sources",
        names=["csv"],
        external=["image_folder"],
    )


@pytest.mark.parametrize(
    ("folder", "overlap"),
    [
        ("a", "r/a, is r/a"),
        ("a/inner", "r/a/inner, lies in r/a"),
        (".", "r, contains r/a"),
        ("link", "r/link, is r/a"),
    ],
)
def test_two_datasets_cannot_have_one_folder(
    write_params: WriteParams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, overlap: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r/a").mkdir(parents=True)
    (tmp_path / "r/link").symlink_to("a")
    message = f"dataset: sources.0: the folder of b, {overlap}, the folder of a; each dataset needs one of its own"
    refuse(write_params, message, source("b", folder=folder), source("a"), root="r")


def test_a_source_and_a_published_dataset_cannot_have_one_folder(write_params: WriteParams) -> None:
    message = "the folder of b, r/ham10000, is r/ham10000, the folder of ham10000; each dataset needs one of its own"
    names = ["ham10000", "b"]
    refuse(write_params, f"dataset: sources.0: {message}", source("b", folder="ham10000"), names=names)


@pytest.mark.parametrize("other", ["b", "c", "d"])
def test_patients_are_those_of_another_dataset_that_has_its_own(write_params: WriteParams, other: str) -> None:
    refuse(
        write_params,
        "dataset: sources.1: same_patients_as of b: expected another dataset that has no same_patients_as (a), got "
        f"'{other}'",
        source("a"),
        source("b", same_patients_as=other),
        source("c", same_patients_as="a"),
    )


def test_sources_can_be_given_on_one_line_of_an_experiment(write_params: WriteParams) -> None:
    params = write_params(dataset=dataset_section("r", "ham10000"))
    one = (
        "{name: a, kind: csv, table: t.csv, columns: {image_id: photo, diagnosis: finding}, "
        "subgroups: {camera: device}, words: {diagnosis: {blue naevus: nevus}}, missing: ['?', '99']}"
    )
    other = "{name: b, kind: image_folder, folder: images/b}"
    apply_overrides(params, [f"dataset.sources=[{one}, {other}]", "dataset.names=[a]", "dataset.external=[b]"])
    read_back = read_section(params, "dataset", DatasetParameters)
    assert read_back.folders == ("a", "images/b")
    own = read_back.find_source("a")
    assert own is not None
    assert (own.words, own.missing) == ({"diagnosis": {"blue naevus": "nevus"}}, ("?", "99"))
