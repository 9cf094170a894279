"""The table and the sentences that `repeat` and `folds` print."""

import pytest

from lesions.command_line.scores import print_scores, start_table
from lesions.evaluation.comparison import Comparison, compare_models, score_on_validation
from tests.runs import build_predictions, guess, true_classes

NAME = "metadata_probe_of_a_model_with_a_name_of_59_characters_in_it"


def test_names_are_whole_at_80_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    y_true = true_classes()
    predictions = {
        NAME: build_predictions(y_true, guess(y_true, 2.0)),
        "b": build_predictions(y_true, guess(y_true, 0)),
    }
    comparison = compare_models(predictions, rivals=list(predictions), on_validation=score_on_validation(predictions))
    table = start_table("mean of seeds", "95 % interval", "seeds, from and to")
    table.add_row(NAME, "0.752", "0.689 to 0.806", "0.752 to 0.752")
    print_scores(table, comparison, rivals=[*predictions], metric="accuracy", num_seeds=2)
    printed = capsys.readouterr().out
    assert [NAME, "0.752"] in [line.split()[:2] for line in printed.splitlines()]
    assert f"{NAME} is better than b by" in printed.splitlines()[-1]


def test_an_empty_table_is_not_printed_and_an_undefined_metric_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_scores(start_table("mean of seeds"), Comparison({}, {}), rivals=["a"], metric="macro_f1")
    assert capsys.readouterr().out == (
        "the test images do not define macro_f1, so that no model is called better by it\n"
    )


def test_the_best_on_validation_is_named_first_though_another_is_higher_on_test(
    capsys: pytest.CaptureFixture[str],
) -> None:
    y_true = true_classes()
    models = {"a": build_predictions(y_true, guess(y_true, 1)), "b": build_predictions(y_true, guess(y_true, 4, 1))}
    comparison = compare_models(
        models, rivals=["a", "b"], on_validation={("a", "accuracy"): 0.9, ("b", "accuracy"): 0.8}
    )
    print_scores(start_table(), comparison, rivals=["a", "b"], metric="accuracy", num_seeds=3)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("a is the best of 2 models on validation (accuracy 0.900), and has 0.")
    assert first.endswith("), means of 3 seeds.")
    assert second.startswith("b is better than a by 0.")


def test_a_metric_that_only_the_validation_images_lack_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    y_true = true_classes()
    comparison = compare_models({"a": build_predictions(y_true, guess(y_true, 1))}, rivals=["a"])
    print_scores(start_table(), comparison, rivals=["a"], metric="macro_f1")
    assert capsys.readouterr().out == (
        "the validation images do not define macro_f1, so that no model is called better by it\n"
    )
