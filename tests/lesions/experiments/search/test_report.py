"""What a search is said to have found."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lesions.errors import InputError
from lesions.evaluation.comparison import compare_models
from lesions.evaluation.reliability import compute_image_losses
from tests.runs import build_predictions, guess, true_classes

optuna = pytest.importorskip("optuna")

from lesions.experiments.search.judgement import judge_best  # noqa: E402
from lesions.experiments.search.pictures import place_values  # noqa: E402
from lesions.experiments.search.report import write_report  # noqa: E402
from lesions.experiments.search.search import OnEpoch, Outcome, run_trials  # noqa: E402
from lesions.experiments.search.space import QUALITIES, Choices, Domain, Pruner, Range, SearchSettings, SearchSpace  # noqa: E402
from lesions.experiments.search.study import open_study  # noqa: E402

URL = "sqlite:///study.db"
DOMAINS: dict[str, Domain] = {
    "architectures.m.rate": Range(low=0.01, high=1, log=True),
    "loss": Choices(choices=[{"kind": "focal"}, {"kind": "cross_entropy"}]),
}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def predict(skill: float, seed: int) -> Any:
    y_true = true_classes(300)
    return build_predictions(y_true, guess(y_true, skill, seed))


def test_the_best_is_compared_with_the_defaults_as_models_are() -> None:
    best, default = predict(3, 1), predict(0.3, 2)
    judged = judge_best(best, default, "balanced_accuracy", num_trials=20)
    compared = compare_models({"best": best, "default": default}, rivals=["best"])
    expected = compared.subtract("best", "default", "balanced_accuracy")
    assert (judged.lead.value, judged.lead.low, judged.lead.high) == (expected.value, expected.low, expected.high)
    assert judged.lead.p_holm == pytest.approx(min(1, 20 * expected.p_value))
    assert judged.best == compared.scores["best", "balanced_accuracy"]
    assert "s-3 is better than s-default-0 beyond noise on validation, by" in judged.describe("s-3", "s-default-0")


def test_what_is_beyond_noise_for_one_trial_may_not_be_for_twenty() -> None:
    best, default = predict(1.3, 1), predict(0.8, 2)
    p_value = judge_best(best, default, "balanced_accuracy", num_trials=1).lead.p_value
    assert 0 < p_value < 0.05
    alone, of_many = (
        judge_best(best, default, "balanced_accuracy", num_trials=n) for n in (1, int(0.06 / p_value) + 1)
    )
    assert "beyond noise" in alone.describe("a", "b")
    assert "The validation images cannot tell a from b: it is ahead by" in of_many.describe("a", "b")
    assert of_many.flattery > 0


def test_a_log_loss_may_differ_by_more_than_1() -> None:
    best, default = predict(3, 1), predict(-3, 2)
    judged = judge_best(best, default, "log_loss", num_trials=2)
    losses = [compute_image_losses(each.y_true, each.logits).mean() for each in (best, default)]
    assert judged.lead.value == pytest.approx(losses[1] - losses[0])
    assert judged.lead.value > 1
    assert judged.lead.low < judged.lead.value < judged.lead.high
    assert (judged.best.value, judged.default.value) == pytest.approx(losses)
    assert "by" in judged.describe("a", "b")


def test_equal_predictions_are_not_told_apart() -> None:
    same = predict(1, 1)
    for objective in QUALITIES:
        judged = judge_best(same, same, objective, num_trials=5)
        assert "cannot tell a from b: it is ahead by 0.000" in judged.describe("a", "b")


def build_space(**settings: Any) -> SearchSpace:
    return SearchSpace(SearchSettings.model_validate({"study": "s", "model": "m", "trials": 6} | settings), DOMAINS)


def run(space: SearchSpace) -> None:
    def score(_: object, values: dict[str, Any], on_epoch: OnEpoch) -> Outcome | None:
        rate = values.get("architectures.m.rate", 0.1)
        if on_epoch({"epoch": 1, "val": {"balanced_accuracy": rate}}):
            return None
        return Outcome(
            "0" * 40, {"balanced_accuracy": rate, "num_parameters": 1000 * rate**2, "epoch_seconds": 1 - rate}
        )

    for each in (space.of_defaults, space):
        run_trials(open_study(URL, each, num_epochs=1), each, score)


def test_a_report_has_pictures_a_table_and_the_command_that_runs_the_best() -> None:
    space = build_space(trials=9, pruner=Pruner(kind="median"))
    run(space)
    sentences = list(write_report(space, Path("space.yaml"), URL))
    study = open_study(URL, space, num_epochs=1)
    best = study.best_trial
    num_pruned = len(study.get_trials(states=(optuna.trial.TrialState.PRUNED,)))
    assert 1 <= num_pruned <= 6
    assert sentences[0] == f"s has 9 of 9 trials: {9 - num_pruned} ran to their ends, {num_pruned} pruned."
    assert sentences[1].startswith(
        f"s-{best.number} is the best of {9 - num_pruned} on validation: balanced accuracy"
    )
    assert "is not compared with the parameters of the workspace: s-" in sentences[2]
    assert "`dvc exp pull origin s-" in sentences[2]  # the commit is not here
    assert f"-S architectures.m.rate={best.params['architectures.m.rate']} -S loss.kind=" in sentences[3]
    folder = Path("report/search/s")
    written = {path.name for path in folder.iterdir()}
    assert written == {"report.md", "trials.png", "parallel.png", "importances.png"}
    assert (folder / "trials.png").read_bytes().startswith(b"\x89PNG")
    rows = [line for line in (folder / "report.md").read_text().splitlines() if line.startswith("| s-")]
    assert len(rows) == 9
    assert sum("pruned" in row for row in rows) == num_pruned


def test_a_report_of_several_objectives_has_their_front() -> None:
    space = build_space(objectives=("balanced_accuracy", "num_parameters", "epoch_seconds"))
    run(space)
    sentences = list(write_report(space, Path("space.yaml"), URL))
    assert sentences[-2].startswith("No other trial is better in all objectives than each of these: s-0 (balanced")
    assert sentences[-2].count("s-") == 6
    assert Path("report/search/s/pareto.png").is_file()


def test_there_is_nothing_to_report_before_a_trial_has_ended() -> None:
    space = build_space()
    with pytest.raises(InputError, match="there is no study yet"):
        list(write_report(space, Path("space.yaml"), URL))
    for each in (space.of_defaults, space):
        open_study(URL, each, num_epochs=1)
    with pytest.raises(InputError, match=r"no trial of s has run to its end; `lesions search space.yaml` runs them"):
        list(write_report(space, Path("space.yaml"), URL))


def test_values_lie_between_the_ends_of_their_domains() -> None:
    assert place_values(DOMAINS["architectures.m.rate"], [0.01, 0.1, 1]) == pytest.approx([0, 0.5, 1])
    assert place_values(Range(low=0, high=4), [1]) == pytest.approx([0.25])
    choices = Choices(choices=["adam", [1, 2]])
    assert np.allclose(place_values(choices, choices.labels[::-1]), [1, 0])
