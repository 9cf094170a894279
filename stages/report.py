"""Put what came of the run on one page, which needs nothing but itself to be read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lesions.baselines.probes import PROBES
from lesions.datasets.parameters import DatasetParameters
from lesions.evaluation.comparison import Comparison, read_comparison
from lesions.evaluation.verdict import METRIC_WORDS, list_verdicts
from lesions.formats.atomic import write_text
from lesions.formats.json_file import read_json
from lesions.networks.parameters import read_architecture
from lesions.parameters.models import read_models
from lesions.parameters.section import read_section
from lesions.report.gallery import build_confusion_picture, build_overview_pictures, build_training_picture
from lesions.report.inputs import (
    ComparisonSummary,
    CopyCounts,
    Generalisation,
    Mistake,
    ReliabilityScores,
    RunCounts,
    SplitSummary,
    SubgroupRow,
    TrainSummary,
    UncalibratedScores,
    WorstSubgroup,
    read_external,
    read_malignancy,
    read_overview,
)
from lesions.report.malignancy import build_malignancy_picture
from lesions.report.page import Picture, embed_png, render_page
from lesions.report.reliability import build_reliability_picture
from lesions.report.sentences import describe_copies, describe_generalisation, describe_mistakes, describe_split
from lesions.report.subgroups import build_subgroup_picture
from lesions.report.summary import read_rows, read_summary
from lesions.report.tables import describe_model, list_differences, list_external, list_scores, list_tests
from lesions.report.warnings import list_warnings
from lesions.stage.run import run_stage
from lesions.tables.predictions import Predictions, read_predictions


def main(
    data: Annotated[Path, typer.Option(help="Folder with predictions/ and pictures/.")],
    metrics: Annotated[Path, typer.Option(help="Folder of the metrics.")],
    plots: Annotated[Path, typer.Option(help="Folder of the plots.")],
    page: Annotated[Path, typer.Option(help="Written: the page.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Write the report: the verdict, what to doubt, the tables, and each picture with a sentence."""
    models = read_models(params)
    predictions = {model: read_predictions(data / f"predictions/{model}.csv").select("test") for model in models}
    counts = read_summary(metrics / "data.json", RunCounts)
    split = read_summary(metrics / "split.json", SplitSummary)
    copies = read_summary(metrics / "near_duplicates.json", CopyCounts)
    summary = read_summary(metrics / "comparison.json", ComparisonSummary)
    comparison, metric = read_comparison(plots / "comparison"), summary.metric
    baselines = [name for name in comparison.models if name not in models and name not in PROBES]
    overview = build_overview_pictures(
        comparison, predictions, read_overview(plots), baselines=baselines, probes=list(PROBES), metric=metric
    )
    text = render_page(
        dataset=", ".join(read_section(params, "dataset", DatasetParameters).names),
        counts=counts,
        split=split,
        split_sentence=describe_split(split),
        verdict=list_verdicts(
            comparison, summary.best, runner_up=summary.runner_up, baseline=summary.baseline, metric=metric
        ),
        warnings=list_warnings(
            predictions, comparison, baselines=baselines, metric=metric, counts=counts, split=split, copies=copies
        ),
        **build_tables(comparison, predictions, baselines=baselines, metric=metric),
        **describe_models(models, metrics, params),
        pictures=[*overview, *build_model_pictures(predictions, metrics, plots)],
        copies=describe_copies(copies, split),
        copies_picture=embed_png((data / "pictures/near_duplicates.png").read_bytes()),
        mistakes=[read_mistakes(data / "pictures" / model, model) for model in models],
    )
    write_text(page, text)


def build_tables(
    comparison: Comparison, predictions: Mapping[str, Predictions], *, baselines: list[str], metric: str
) -> dict[str, Any]:
    """Return the tables of scores, differences and tests, and the words that explain them."""
    return {
        "scores": list_scores(comparison),
        "probes": PROBES,
        "with_features": any(name.endswith("_features") for name in baselines),
        "metric": METRIC_WORDS[metric],
        "differences": list_differences(comparison, list(predictions), metric),
        "tests": list_tests(predictions),
    }


def describe_models(models: list[str], metrics: Path, params: Path) -> dict[str, Any]:
    """Return what each model is, how well it generalises, and its scores on other datasets."""
    return {
        "models": [
            describe_model(model, read_architecture(params, model), read_trained(metrics, model)) for model in models
        ],
        "generalisation": [
            describe_generalisation(model, read_summary(metrics / model / "generalisation.json", Generalisation))
            for model in models
        ],
        "external": [
            row for model in models for row in list_external(model, read_external(metrics / model / "external.json"))
        ],
    }


def build_model_pictures(predictions: Mapping[str, Predictions], metrics: Path, plots: Path) -> Iterator[Picture]:
    """Draw how each model was trained, its mistakes, and what its probabilities are worth."""
    for model in predictions:
        yield build_training_picture(model, read_json(plots / f"history/{model}.json"), read_trained(metrics, model))
    for model, found in predictions.items():
        yield build_confusion_picture(model, found)
    for model in predictions:
        yield from build_trust_pictures(model, metrics / model, plots / model)


def build_trust_pictures(model: str, metrics: Path, plots: Path) -> Iterator[Picture]:
    """Draw what one model's probabilities are worth: by themselves, for a decision, and by subgroup."""
    bins, risks, roc, net_benefit = (
        read_json(plots / f"{name}.json") for name in ("reliability", "risk", "malignancy_roc", "net_benefit")
    )
    yield build_reliability_picture(
        model,
        bins=bins,
        risks=risks,
        scores=read_summary(metrics / "test.json", ReliabilityScores),
        before=read_summary(metrics / "before_calibration.json", UncalibratedScores),
    )
    malignancy = read_malignancy(metrics / "malignancy.json")
    if malignancy:
        yield build_malignancy_picture(model, malignancy, roc=roc, net_benefit=net_benefit)
    subgroups = read_rows(plots / "subgroups.json", SubgroupRow)
    if subgroups:
        yield build_subgroup_picture(model, subgroups, read_summary(metrics / "subgroups.json", WorstSubgroup))


def read_trained(metrics: Path, model: str) -> TrainSummary:
    """Read what is known of a model's training."""
    return read_summary(metrics / model / "train.json", TrainSummary)


def read_mistakes(folder: Path, model: str) -> dict[str, Any]:
    """Read the pictures of a model's mistakes."""
    mistakes = read_rows(folder / "mistakes.json", Mistake)
    return {
        "model": model,
        "sentence": describe_mistakes(model, mistakes),
        "pictures": [
            mistake.model_dump() | {"source": embed_png((folder / mistake.picture).read_bytes())}
            for mistake in mistakes
        ],
    }


if __name__ == "__main__":
    run_stage(main)
