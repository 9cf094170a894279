"""`lesions check` finds what would stop `combine`, hours before it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lesions.formats.sha256 import hash_file
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import read_parameters
from lesions.preflight.ensembles import check_ensembles
from lesions.preflight.findings import Findings
from tests.imports import write_imported, write_own_images
from tests.presets import write_default


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's parameters, in a folder without data."""
    monkeypatch.chdir(tmp_path)
    return write_default(tmp_path)


def findings_of(params: Path, overlay: Mapping[str, Any]) -> Findings:
    lay_over(params, overlay)
    read_parameters.cache_clear()
    findings = Findings()
    check_ensembles(params, findings)
    return findings


def test_without_ensembles_there_is_nothing_to_say(params: Path) -> None:
    assert findings_of(params, {}) == Findings()


def test_an_ensemble_is_listed_with_its_members(params: Path) -> None:
    found = findings_of(params, {"ensembles": ["both"]})
    assert found.rows == {"ensembles": "both of custom_cnn, resnet18, weights equal"}
    assert found.problems == []


def test_all_mistakes_are_found_at_once(params: Path) -> None:
    found = findings_of(
        params,
        {
            "ensembles": ["both", "second"],
            "combinations": {
                "both": {"members": ["custom_cnn", "resnet34"]},
                "unlisted": {"members": ["vgg"], "weights": "best"},
            },
        },
    )
    assert [problem.removeprefix(f"{params}: ") for problem in found.problems] == [
        "combinations.unlisted.weights: expected 'equal' or 'fitted', got 'best'",
        "combinations.both.members: 'resnet34' is neither in models nor in imported; there are custom_cnn, resnet18",
        "the section combinations.second is missing",
    ]


def test_a_file_from_before_ensembles_is_told_what_it_lacks(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("models: [resnet18]\n")
    findings = Findings()
    check_ensembles(params, findings)
    assert findings.problems == [
        f"{params}: {name} is missing; without ensembles it is empty"
        for name in ("combinations", "ensembles", "imported")
    ]


def test_an_imported_table_must_be_there_and_unchanged(params: Path) -> None:
    overlay = {
        "ensembles": ["both"],
        "combinations": {"both": {"members": ["custom_cnn", "seed1"], "weights": "equal"}},
        "imported": {"seed1": "ab" * 32},
    }
    assert "data/imported/seed1/about.json: there is no such file" in findings_of(params, overlay).problems[0]
    paths = write_imported("seed1", "a g1 train", "b g2 val", "c g3 test")
    assert "about.json: does not have the sha256 that the parameters give" in findings_of(params, overlay).problems[0]
    known = overlay | {"imported": {"seed1": hash_file(paths.about)}}
    assert findings_of(params, known).problems == []
    paths.images.write_text(paths.images.read_text().replace("train", "test"))
    assert "images.csv: has changed since it was imported" in findings_of(params, known).problems[0]


def test_what_the_present_split_refuses_is_a_doubt_because_the_run_may_make_another(params: Path) -> None:
    paths = write_imported("seed1", "a g1 train", "b g2 val", "c g3 test", "u g4 train")
    overlay = {
        "ensembles": ["both"],
        "combinations": {"both": {"members": ["custom_cnn", "seed1"], "weights": "equal"}},
        "imported": {"seed1": hash_file(paths.about)},
    }
    assert findings_of(params, overlay).doubts == []
    write_own_images("a g1 train", "b g2 val", "c g3 test")
    (doubt,) = findings_of(params, overlay).doubts
    assert doubt.startswith("seed1 was trained on or validated with 1 images that this run does not know")
    write_own_images("a g1 test", "b g2 val", "c g3 train")
    found = findings_of(params, overlay)
    assert found.problems == []
    assert found.doubts[0].startswith("with the split in data/splits.csv, seed1: was trained on or validated with")
