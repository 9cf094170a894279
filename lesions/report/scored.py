"""All that the page says of the models on test images: the verdict, the tables, the plots, the mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lesions.baselines.probes import PROBES
from lesions.evaluation.comparison import Comparison, read_comparison
from lesions.evaluation.headline import list_verdicts
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.references import ONE_DIAGNOSIS, label_model
from lesions.evaluation.verdict import METRIC_WORDS
from lesions.parameters.section import read_section
from lesions.report.asked import describe_question
from lesions.report.data_warnings import doubt_the_mix
from lesions.report.decision_inputs import read_malignancy
from lesions.report.decisions import build_decision_tables
from lesions.report.diagnoses import describe_diagnoses
from lesions.report.gallery import build_overview_pictures
from lesions.report.inputs import ComparisonSummary, DataSummaries, read_external, read_overview
from lesions.report.models import (
    build_class_pictures,
    build_confusion_pictures,
    build_malignancy_pictures,
    build_reliability_pictures,
    build_subgroup_pictures,
    count_kinds,
    describe_probabilities,
    read_mistakes,
)
from lesions.report.names import ReportedModel, rename_models
from lesions.report.panel import build_panel, count_called
from lesions.report.robustness import build_robustness_pictures
from lesions.report.sets import describe_sets
from lesions.report.summary import read_summary
from lesions.report.tables import list_differences, list_external, list_scores, list_tests
from lesions.report.warnings import list_warnings
from lesions.tables.classes import read_classes
from lesions.tables.predictions import Predictions, read_predictions
from lesions.tables.task import TaskParameters

Models = Sequence[ReportedModel]


@dataclass(frozen=True)
class Scored:
    """The models with their predictions of the test images, and how they compare.

    Attributes
    ----------
    models
        The best on validation first, then as they are listed.
    predictions
        By the name to show.
    """

    models: Models
    predictions: Mapping[str, Predictions]
    comparison: Comparison
    summary: ComparisonSummary

    @property
    def names(self) -> list[str]:
        """The names of the trained models."""
        return [one.name for one in self.models]

    @property
    def probes(self) -> list[str]:
        """The probes that were compared."""
        return [name for name in self.comparison.models if name in PROBES]

    @property
    def baselines(self) -> list[str]:
        """The baselines that were compared."""
        others = {*self.names, *self.probes, ONE_DIAGNOSIS}
        return [name for name in self.comparison.models if name not in others]


def read_scored_models(models: Models) -> Scored:
    """Read the predictions of the test images, and the comparison of all models."""
    summary = read_summary(models[0].metrics / "comparison.json", ComparisonSummary)
    comparison = rename_models(read_comparison(models[0].plots / "comparison"), models)
    best = comparison.choose([one.name for one in models], summary.metric)[0]
    ranked = sorted(models, key=lambda one: one.name != best)
    predictions = {one.name: read_predictions(one.predictions).select("test") for one in ranked}
    return Scored(ranked, predictions, comparison, summary)


def describe_test(scored: Scored, about: DataSummaries, params: Path) -> dict[str, Any]:
    """Return all that the page says of the models on test images."""
    models, predictions, metric = scored.models, scored.predictions, scored.summary.metric
    classes = next(iter(predictions.values())).classes
    diagnoses = read_classes(models[0].data / "classes.json").diagnoses
    sides = read_section(params, "task", TaskParameters).find_sides(diagnoses)
    rows = read_overview(models)
    overview = list(
        build_overview_pictures(
            scored.comparison, predictions, rows, baselines=scored.baselines, probes=scored.probes, metric=metric
        )
    )
    panel = describe_panel(scored, sides, params)
    mistakes = [read_mistakes(one, predictions[one.name]) for one in models]
    at_threshold = count_called(panel, mistakes[0]["gravest"]) if panel else {}
    return {
        "sealed": None,
        "classes": classes,
        **describe_question(classes, about.split, metric, **count_kinds(models)),
        "verdict": list_verdicts(scored.comparison, scored.names, baseline=scored.summary.baseline, metric=metric),
        "by_model": [describe_diagnoses(one, sides, classes) for one in models],
        "panel": panel,
        "warnings": [
            *list_warnings(
                predictions,
                scored.comparison,
                baselines=scored.baselines,
                metric=metric,
                counts=about.counts,
                split=about.split,
                copies=about.copies,
            ),
            *doubt_the_mix(rows.shares, about.split),
        ],
        **build_tables(scored),
        "overview": [overview[:2], overview[2:]],
        "external": [
            row for one in models for row in list_external(one.name, read_external(one.metrics_file("external")))
        ],
        "subgroups": list(build_subgroup_pictures(models)),
        **build_decision_tables(models),
        **describe_probabilities(models, predictions),
        **describe_sets(models),
        "trust": [build_reliability_pictures(models), *build_malignancy_pictures(models)],
        "robustness": list(build_robustness_pictures(models)),
        "confusions": [build_confusion_pictures(predictions), build_class_pictures(models)],
        "mistakes": [one | {"at_threshold": at_threshold.get(one["model"], "")} for one in mistakes],
    }


def build_tables(scored: Scored) -> dict[str, Any]:
    """Return the tables of scores, differences and tests, and the words that explain them."""
    metric = scored.summary.metric
    code_names = {one.name: one.model for one in scored.models}
    return {
        "scores": list_scores(scored.comparison, metric, code_names),
        "with_constant": ONE_DIAGNOSIS in scored.comparison.models,
        "with_metadata": "metadata_probe" in scored.probes,
        "probes": {label_model(probe): PROBES[probe] for probe in scored.probes},
        "with_features": any(name.endswith("_features") for name in scored.baselines),
        "metric": METRIC_WORDS[metric],
        "differences": list_differences(scored.comparison, scored.names, metric),
        "tests": list_tests(scored.predictions),
    }


def describe_panel(scored: Scored, sides: Sequence[bool | None] | None, params: Path) -> dict[str, Any] | None:
    """Return what the page needs to move the threshold for malignancy; None if there is no threshold."""
    found = {one.name: read_malignancy(one.metrics_file("malignancy")) for one in scored.models}
    with_threshold = {
        name: (scored.predictions[name], scores) for name, scores in found.items() if scores is not None
    }
    if sides is None or not with_threshold:
        return None
    prevalences = read_section(params, "evaluation", EvaluationParameters).prevalence
    return build_panel(with_threshold, sides, prevalences)
