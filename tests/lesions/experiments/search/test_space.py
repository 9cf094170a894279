"""What SPACE.yaml may say, and that its values are tried on the parameters before any trial."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from lesions.command_line.search import list_problems
from lesions.errors import InputError
from lesions.experiments.search.space import read_space
from lesions.experiments.search.values import check_space, lay_values
from lesions.parameters.section import load_parameters
from tests.builders import ROOT

PARAMS = ROOT / "presets/default.yaml"
SETTINGS = "study: rates, model: custom_cnn, trials: 3"
RATE = "architectures.custom_cnn.learning_rate: {low: 0.001, high: 0.1, log: true}"


def write(folder: Path, *parameters: str, settings: str = SETTINGS) -> Path:
    path = folder / "space.yaml"
    lines = "".join(f"  {line}\n" for line in parameters)
    path.write_text(f"search: {{{settings}}}\nparameters:\n{lines}")
    return path


def check(path: Path) -> None:
    check_space(path, read_space(path), PARAMS, list_problems)


def test_values_are_spread_over_the_parameters_that_they_set(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        RATE,
        "loss: {choices: [{kind: cross_entropy, focal_gamma: null}, {kind: focal, focal_gamma: 2}]}",
        "architectures.custom_cnn.widths: {choices: [[8, 16], [16, 32]]}",
        "architectures.custom_cnn.phases.0.num_epochs: {low: 2, high: 9, whole: true}",
        "optimizer.name: {choices: [sgd, adam]}",
    )
    space = read_space(path)
    asked = {
        "architectures.custom_cnn.learning_rate": 0.02,
        "loss": '{"kind": "focal", "focal_gamma": 2}',
        "architectures.custom_cnn.widths": "[16, 32]",
        "architectures.custom_cnn.phases.0.num_epochs": 5,
        "optimizer.name": "adam",
    }
    values = space.list_parameters(asked)
    assert values == {
        "architectures.custom_cnn.learning_rate": 0.02,
        "loss.kind": "focal",
        "loss.focal_gamma": 2,
        "architectures.custom_cnn.widths": [16, 32],
        "architectures.custom_cnn.phases.0.num_epochs": 5,
        "optimizer.name": "adam",
    }
    laid = lay_values(load_parameters(PARAMS), values)
    assert laid["loss"]["kind"] == "focal"
    assert laid["loss"]["label_smoothing"] == 0
    assert laid["architectures"]["custom_cnn"]["phases"][0]["num_epochs"] == 5
    assert load_parameters(PARAMS)["architectures"]["custom_cnn"]["phases"][0]["num_epochs"] == 18


def test_a_space_whose_values_all_go_together_is_accepted(tmp_path: Path) -> None:
    check(
        write(
            tmp_path,
            RATE,
            "architectures.custom_cnn: {choices: [{dropout: 0.1}, {dropout: 0.2, widths: [8, 16]}]}",
            "loss: {choices: [{kind: cross_entropy, focal_gamma: null}, {kind: focal, focal_gamma: 2}]}",
            "training.batch_size: {low: 8, high: 64, whole: true, log: true}",
            "class_weights.scheme: {choices: [balanced, sqrt]}",
        )
    )


@pytest.mark.parametrize(
    ("settings", "parameters", "message"),
    [
        (
            "study: a b, model: custom_cnn, trials: 3",
            [RATE],
            r"yaml: search.study: expected text like .* 'a b'",
        ),
        ("study: a, model: custom_cnn", [RATE], r"space.yaml: search.trials: is missing"),
        ("study: a, model: custom_cnn, trials: 0", [RATE], r"search.trials: expected a number >= 1, got 0"),
        (f"{SETTINGS}, sampler: grid", [RATE], r"search.sampler: expected 'tpe' or 'random', got 'grid'"),
        (f"{SETTINGS}, epochs: 3", [RATE], r"search.epochs: there is no such parameter"),
        (f"{SETTINGS}, objectives: [num_parameters]", [RATE], "the first of the objectives is num_parameters"),
        (f"{SETTINGS}, objectives: [log_loss, log_loss]", [RATE], "the objectives log_loss, log_loss name one twice"),
        (
            f"{SETTINGS}, objectives: [log_loss, num_parameters], pruner: {{kind: median}}",
            [RATE],
            "pruning needs a single objective",
        ),
        (SETTINGS, ["loss.focal_gamma: 3"], "parameters.loss.focal_gamma: expected a section, got 3"),
        (SETTINGS, ["loss.label_smoothing: {low: 0.2, high: 0.1}"], "low is 0.2 and high is 0.1"),
        (SETTINGS, ["loss.label_smoothing: {low: 0, high: 0.1, log: true}"], "log: true needs a low above 0"),
        (
            SETTINGS,
            ["loss.label_smoothing: {low: 0, high: 0.1, step: 1}"],
            "expected .* at most high - low",
        ),
        (SETTINGS, ["training.batch_size: {low: 1.5, high: 4, whole: true}"], "whole: true needs whole numbers"),
        (SETTINGS, ["optimizer.name: {choices: [adam]}"], "parameters.optimizer.name.choices: expected at least 2"),
        (SETTINGS, ["optimizer.name: {choices: [adam, adam]}"], "adam is there twice among the choices"),
    ],
)
def test_a_space_that_is_malformed_is_refused(
    tmp_path: Path, settings: str, parameters: Sequence[str], message: str
) -> None:
    path = write(tmp_path, *parameters, settings=settings)
    with pytest.raises(InputError, match=message):
        read_space(path)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (["optimizer.momentun: {low: 0, high: 1}"], "parameters.optimizer.momentun: there is no such parameter"),
        (
            ["architectures.custom_cnn.phases.7.num_epochs: {low: 1, high: 2, whole: true}"],
            r"phases.7.num_epochs: there is no such parameter",
        ),
        (["split.seed: {low: 0, high: 9, whole: true}"], "parameters.split.seed: a search may vary"),
        (["architectures.resnet18.dropout: {low: 0, high: 0.5}"], "may vary architectures.custom_cnn and"),
        (["training.seed: {low: 0, high: 9, whole: true}"], "parameters.training.seed: is chance; `lesions repeat`"),
        (
            ["training: {choices: [{seed: 1}, {seed: 2}]}"],
            "parameters.training.seed: is chance",
        ),
        (
            [
                "loss: {choices: [{logit_adjustment: 0}, {label_smoothing: 0.1}]}",
                "loss.label_smoothing: {low: 0, high: 0.1}",
            ],
            "parameters.loss.label_smoothing: sets loss.label_smoothing, which loss sets too",
        ),
        (
            [
                "architectures.custom_cnn.phases.0.num_epochs: {low: 1, high: 2, whole: true}",
                "architectures.custom_cnn.phases: {choices: [[{name: a}], [{name: b}]]}",
            ],
            "phases.0.num_epochs: sets .*, which architectures.custom_cnn.phases sets too",
        ),
        (
            ["architectures.custom_cnn.learning_rate: {low: 0, high: 0.1}"],
            r"learning_rate: 0.0: params.yaml: architectures.custom_cnn.learning_rate: expected a number > 0",
        ),
        (
            ["training.batch_size: {low: 8, high: 64}"],
            "batch_size: 8.0: .* expected a whole number, got 8.0",
        ),
        (
            ["optimizer.name: {choices: [adam, adamm]}"],
            "optimizer.name: adamm: params.yaml: optimizer.name",
        ),
        (
            ["loss.logit_adjustment: {choices: [0, 1]}", "sampling.scheme: {choices: [shuffled, class_balanced]}"],
            "logit_adjustment 1, sampling.scheme class_balanced do not go together: loss.logit_adjustment is 1",
        ),
        (
            ["architectures.custom_cnn.size_px: {choices: [64, 128]}"],
            "custom_cnn.size_px: 128: .*size_px",
        ),
    ],
)
def test_parameters_and_values_that_the_pipeline_does_not_take_are_refused(
    tmp_path: Path, parameters: Sequence[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        check(write(tmp_path, *parameters))


def test_a_value_is_refused_among_more_combinations_than_are_checked(tmp_path: Path) -> None:
    names = ["brightness", "contrast", "saturation", "zoom", "shift", "colour_cast", "cutout"]
    wide = [f"augmentation.{name}: {{low: 0, high: 0.2}}" for name in names]
    check(write(tmp_path, *wide))
    with pytest.raises(InputError, match=r"parameters.loss.label_smoothing: 1.5: .* expected a number"):
        check(write(tmp_path, *wide, "loss.label_smoothing: {low: 0.1, high: 1.5}"))


def test_a_loss_that_changes_its_meaning_prunes_no_trial(tmp_path: Path) -> None:
    settings = f"{SETTINGS}, objectives: [log_loss], pruner: {{kind: median}}"
    check(write(tmp_path, RATE, settings=settings))
    path = write(tmp_path, "loss.label_smoothing: {low: 0, high: 0.1}", settings=settings)
    with pytest.raises(InputError, match=r"loss.label_smoothing: changes the loss that is known after each epoch"):
        check(path)


def test_a_shared_parameter_that_the_model_overrides_is_refused(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    text = PARAMS.read_text().replace(
        "    backbone: custom_cnn\n", "    backbone: custom_cnn\n    recipe: {loss: {label_smoothing: 0.1}}\n"
    )
    params.write_text(text)
    path = write(tmp_path, "loss.label_smoothing: {low: 0, high: 0.1}")
    with pytest.raises(InputError, match=r"architectures.custom_cnn.recipe.loss.label_smoothing overrides it"):
        check_space(path, read_space(path), params, list_problems)
    own = write(tmp_path, "architectures.custom_cnn.recipe.loss.label_smoothing: {low: 0, high: 0.1}")
    check_space(own, read_space(own), params, list_problems)


def test_a_model_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, RATE, settings="study: a, model: resnet34, trials: 3")
    with pytest.raises(InputError, match=r"search.model: resnet34 is none of the models .* custom_cnn, resnet18"):
        check(path)
