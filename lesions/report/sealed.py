"""What the page says of the models while the test images are sealed: their scores on validation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.estimation import HeadlineMetric
from lesions.evaluation.references import label_model
from lesions.evaluation.seal import SENTENCE, holds_seal
from lesions.evaluation.verdict import METRIC_WORDS, describe_choice_on_validation, spell_number
from lesions.formats.json_file import read_json
from lesions.report.summary import Summary, validate


class SealedComparison(Summary):
    """What `metrics/comparison.json` says under the seal."""

    metric: HeadlineMetric
    on_validation: dict[str, dict[str, float]]


def read_sealed_comparison(path: Path) -> SealedComparison | None:
    """Read `metrics/comparison.json`; None if the test images are not sealed."""
    found = read_json(path)
    return validate(path, found, SealedComparison) if holds_seal(found) else None


def describe_validation(comparison: SealedComparison, names: Mapping[str, str]) -> dict[str, Any]:
    """Return that the test images are sealed, which model is the best on validation, and the scores of all there.

    Parameters
    ----------
    names
        The name to show of each trained model, by its code name.
    """
    found = {names.get(name, name): scores for name, scores in comparison.on_validation.items()}
    models = list(names.values())
    scores = {name: found[name] for name in [*models, *(name for name in found if name not in models)]}
    compared = Comparison({}, {}, {(model, name): value for model in scores for name, value in scores[model].items()})
    return {
        "sealed": SENTENCE,
        "verdict": [describe_choice_on_validation(compared, models, metric=comparison.metric)],
        "validation": [
            {"model": label_model(model)}
            | {words: spell_number(of_model[name]) for name, words in METRIC_WORDS.items() if name in of_model}
            for model, of_model in scores.items()
        ],
    }
