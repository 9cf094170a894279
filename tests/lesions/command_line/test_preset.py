"""`lesions preset` says what is lost and what changes, and writes all of it or nothing."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import read_section
from tests.presets import DEFAULT, FOLDER, load, write_default


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The parameters as they are shipped, and the presets, in the working directory."""
    shutil.copytree(FOLDER, tmp_path / "presets")
    monkeypatch.chdir(tmp_path)
    return write_default(tmp_path)


def run(*arguments: str) -> str:
    return CliRunner().invoke(commands, ["preset", *arguments], catch_exceptions=False).output


def test_lost_parameters_are_listed_before_changed_ones(params: Path) -> None:
    network = load(params)["architectures"]["resnet34"] | {"phases": []}
    lay_over(params, {"training": {"seed": 7}, "models": ["mine"], "architectures": {"mine": network}})
    assert run("datasets/synthetic").splitlines() == [
        "params.yaml: these parameters differ from the defaults and are overwritten:",
        "params.yaml: lost: models [mine] → [custom_cnn, resnet18]",
        "params.yaml: lost: training.seed 7 → 0",
        "params.yaml: lost: architectures.mine {backbone: resnet34, weights: none, weights_sha256: null, "
        "accepted_licences: [], size_px: 64, normalisation: auto, head_widths: [], head_batch_norm: false, "
        "dropout: 0.2, learning_rate: 0.001, layer_decay: 1, phases: []} → (left out)",
        "params.yaml: changed models, training.seed, architectures.mine",
    ]
    assert params.read_text(encoding="utf-8") == DEFAULT
    assert run("datasets/synthetic") == "params.yaml: already equals datasets/synthetic\n"


def test_unchanged_parameters_are_not_listed(params: Path) -> None:
    lay_over(params, {"task": {"name": "malignancy"}})
    assert run("isic2019", "--root", "there") == "params.yaml: changed dataset.names, dataset.root\n"
    assert run("isic2019", "--reset", "--root", "there").splitlines()[1:] == [
        "params.yaml: lost: task.name malignancy → diagnosis",
        "params.yaml: changed task.name",
    ]


def test_a_folder_is_typed_from_where_the_program_is_called(params: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params.with_name("dvc.yaml").touch()
    params.with_name(".dvc").mkdir()
    below = params.parent / "data/raw"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    run("isic2019", "--root", "there")
    assert load(params)["dataset"]["root"] == "data/raw/there"
    run("isic2019", "--root", str(below / "elsewhere"))
    assert load(params)["dataset"]["root"] == str(below / "elsewhere")


def test_several_presets_can_be_named(params: Path) -> None:
    assert run("pad_ufes_20", "datasets/isic2019", "--root", "there").startswith("params.yaml: changed dataset.names")
    laid = load(params)
    assert (laid["dataset"]["names"], laid["cache_images"]["size_px"]) == (["isic2019"], 147)


def test_a_parameter_file_with_another_name_can_be_written(params: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    shutil.copy(params, other)
    run("tiny", "--params", str(other))
    assert load(other)["generate_synthetic"]["num_images"] == 150
    assert params.read_text(encoding="utf-8") == DEFAULT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["nothing"],
            "there is no preset 'nothing' in presets/; known are bcn20000, custom_cnn_resnet18, "
            "custom_cnn_resnet18-cpu, datasets/ham10000, datasets/pad_ufes_20, ddi, default, derm7pt, "
            "fitzpatrick17k, ham10000, ham10000-cpu, image_folder, isic2018, isic2018_test, isic2019, isic_archive, "
            "milk10k, mobilenet_efficientnet, mobilenet_efficientnet-cpu, nine_classes, nine_classes-cpu, "
            "pad_ufes_20, ph2, resnet34_malignancy, resnet34_malignancy-cpu, resnet50_focal, resnet50_focal-cpu, "
            "siim_isic_2020, slice_3d, synthetic, systems, systems-cpu, tiny",
        ),
        (["ham10000"], "params.yaml: dataset.root: the folder of ham10000 is unknown; add --root FOLDER"),
        (["tiny", "mistaken.yaml"], "mistaken.yaml: split.sed: there is no such parameter"),
        (["tiny", "--params", "none.yaml"], "none.yaml: there is no such parameter file"),
    ],
)
def test_a_refused_call_changes_nothing(params: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "mistaken.yaml").write_text("split: {sed: 1}\n")
    lay_over(params, {"training": {"seed": 7}})
    before = params.read_bytes()
    result = CliRunner().invoke(commands, ["preset", *arguments])
    assert (result.exit_code, str(result.exception), result.output) == (1, message, "")
    assert params.read_bytes() == before


def test_a_linked_parameter_file_stays_a_link(params: Path) -> None:
    params.rename(params.with_name("shared.yaml"))
    params.symlink_to("shared.yaml")
    run("tiny")
    assert params.is_symlink()
    assert load(params.with_name("shared.yaml"))["cache_images"]["size_px"] == 37


def test_a_folder_with_a_control_character_is_refused(params: Path) -> None:
    lay_over(params, {"dataset": {"names": ["image_folder"], "root": "x\x1b[2Jy"}})
    with pytest.raises(
        InputError, match=r"dataset\.root: expected the path of a file or a folder, without control characters"
    ):
        read_section(params, "dataset", DatasetParameters)
