"""What is left of models that are no longer listed is removed, and nothing else."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from lesions.parameters.section import read_parameters
from lesions.tables.predictions import write_predictions
from stages import list_models
from tests.runs import (
    build_predictions,
    guess,
    run_compare,
    true_classes,
    with_validation,
    write_model,
    write_parameters,
    write_run,
)

Y_TRUE = true_classes()


def run_list_models(folder: Path, models: list[str], exported: Iterable[str] = ()) -> None:
    read_parameters.cache_clear()
    list_models.main(
        folder / "data",
        folder / "metrics",
        folder / "plots",
        folder / "data/listed.json",
        write_parameters(folder, models, exported=exported),
    )


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_removing_and_adding_a_model_leaves_nothing_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = {name: build_predictions(Y_TRUE, guess(Y_TRUE, 2, seed)) for seed, name in enumerate(["a", "b", "c"])}
    alone, removed = tmp_path / "alone", tmp_path / "removed"
    for folder, names in ((alone, ["a", "b"]), (removed, ["a", "b", "c"])):
        folder.mkdir()
        write_run(folder, {name: models[name] for name in names})
    foreign = removed / "plots/c/drawn_by_hand.png"
    foreign.write_bytes(b"mine")
    for folder in (alone, removed):
        run_list_models(folder, ["a", "b"])
        run_compare(folder, write_parameters(folder, ["a", "b"]))
    assert capsys.readouterr().out.count("removed the files of c, which is not in models or ensembles of ") == 1
    # What the pipeline did not write is not the pipeline's to remove.
    foreign.unlink()
    for part in ("data", "metrics", "plots"):
        assert files_in(removed / part) == files_in(alone / part)
        for name in files_in(alone / part):
            assert (removed / part / name).read_bytes() == (alone / part / name).read_bytes(), name
    assert not (removed / "metrics/c").exists()

    write_predictions(removed / "data/predictions/c.csv", with_validation(models["c"]))
    write_model(removed, "c", models["c"])
    run_list_models(removed, ["a", "b", "c"])
    run_compare(removed, write_parameters(removed, ["a", "b", "c"]))
    assert "c" in (removed / "plots/comparison/scores.json").read_text()


def test_a_second_run_removes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path, {"a": build_predictions(Y_TRUE, guess(Y_TRUE, 2))})
    run_list_models(tmp_path, ["a"])
    before = files_in(tmp_path)
    run_list_models(tmp_path, ["a"])
    assert files_in(tmp_path) >= before
    assert json.loads((tmp_path / "data/listed.json").read_text()) == {"models": ["a"], "ensembles": []}
    assert capsys.readouterr().out == ""


def test_what_is_no_longer_exported_is_removed_and_its_model_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, {name: build_predictions(Y_TRUE, guess(Y_TRUE, 2)) for name in ("a", "b")})
    before = files_in(tmp_path)
    for name in ("a", "b"):
        for file in (f"data/exports/{name}/model.onnx", f"metrics/{name}/export.json"):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text("{}")
    run_list_models(tmp_path, ["a", "b"], exported=["a"])
    printed = "removed the files of b, which is not in export.models or export.ensembles of "
    assert capsys.readouterr().out.startswith(printed)
    added = {"data/exports/a/model.onnx", "metrics/a/export.json"}
    assert files_in(tmp_path) - {"data/listed.json", "params_a_b.yaml"} == (before | added) - {"params_a_b.yaml"}
    assert not (tmp_path / "data/exports/b").exists()


def test_a_model_that_is_neither_listed_nor_exported_is_removed_in_one_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, {name: build_predictions(Y_TRUE, guess(Y_TRUE, 2)) for name in ("a", "b")})
    (tmp_path / "metrics/b/export.json").write_text("{}")
    run_list_models(tmp_path, ["a"])
    assert "removed the files of b, which is not in models or ensembles of " in capsys.readouterr().out
    assert not (tmp_path / "metrics/b").exists()
