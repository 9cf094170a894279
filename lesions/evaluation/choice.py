"""The model that is chosen on validation, and what the test images say of it, as in `metrics/comparison.json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.headline import list_unbeaten
from lesions.evaluation.interval import list_estimates
from lesions.evaluation.references import ONE_DIAGNOSIS
from lesions.evaluation.scores import score_predictions
from lesions.evaluation.significance import compare_pairs
from lesions.tables.predictions import Predictions


def summarise_validation(
    comparison: Comparison, models: Sequence[str], *, baselines: Sequence[str], metric: str
) -> dict[str, Any]:
    """Return the best model, the next one and the best baseline, all by validation, and the score of the best."""
    best, *others = comparison.choose(models, metric)
    return {
        "metric": metric,
        "best": best,
        "best_val_score": comparison.on_validation[best, metric],
        **({"runner_up": others[0]} if others else {}),
        "baseline": comparison.choose(baselines, metric)[0],
    }


def summarise_choice(
    comparison: Comparison, models: Sequence[str], *, baselines: Sequence[str], metric: str
) -> dict[str, Any]:
    """Return the best model on validation, its score on both splits, and its lead on test.

    The lead is over the next model and over the best baseline, both by validation too.
    """
    summary = summarise_validation(comparison, models, baselines=baselines, metric=metric)
    best = summary["best"]
    summary |= list_estimates({"best_score": comparison.scores[best, metric]})
    for role in [role for role in ("runner_up", "baseline") if role in summary]:
        lead = comparison.subtract(best, summary[role], metric)
        summary |= {
            **list_estimates({f"lead_over_{role}": lead}),
            f"lead_over_{role}_p_value": lead.p_holm,
        }
    return summary


def summarise_constant(
    comparison: Comparison, models: Sequence[str], *, constant: Predictions, metric: str
) -> dict[str, Any]:
    """Return the highest score of one diagnosis for every image, and whether a model is significantly better."""
    # Where the class prior scores as high, it stands for the constant.
    reference = ONE_DIAGNOSIS if ONE_DIAGNOSIS in comparison.models else "class_prior"
    return {
        "constant_score": score_predictions(constant.y_true, constant.y_prob, y_pred=constant.y_pred)[metric],
        "constant_is_beaten": reference not in list_unbeaten(comparison, models, metric),
    }


def summarise_tests(models: Mapping[str, Predictions], choice: Mapping[str, Any]) -> dict[str, float]:
    """Return the p-values of the two tests of the best model and the runner-up, corrected for all pairs of models."""
    if "runner_up" not in choice:
        return {}
    tests = compare_pairs(models)
    pair = choice["best"], choice["runner_up"]
    hits, areas = tests[pair if pair in tests else pair[::-1]]
    return {"sign_test_p_value": hits.p_value, "delong_p_value": areas.p_value}
