"""Write the results of the run on one page that needs no other file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lesions.baselines.probes import PROBES
from lesions.datasets.parameters import DatasetParameters
from lesions.evaluation.comparison import Comparison, read_comparison
from lesions.evaluation.headline import list_verdicts
from lesions.evaluation.references import ONE_DIAGNOSIS
from lesions.evaluation.verdict import METRIC_WORDS
from lesions.formats.atomic import write_text
from lesions.formats.json_file import read_json
from lesions.networks.parameters import read_architecture
from lesions.parameters.models import read_scored
from lesions.parameters.section import read_section
from lesions.report import data_sentences
from lesions.report.accounting import list_lines
from lesions.report.data_warnings import (
    doubt_the_copies,
    doubt_the_diagnoses,
    doubt_the_identifiers,
    doubt_the_mix,
    doubt_the_table,
)
from lesions.report.decisions import build_decision_tables
from lesions.report.gallery import build_balance_picture, build_overview_pictures
from lesions.report.inputs import (
    ComparisonSummary,
    CopyCounts,
    DataSummaries,
    Generalisation,
    RunCounts,
    SplitSummary,
    read_external,
    read_overview,
)
from lesions.report.models import (
    build_test_pictures,
    build_training_pictures,
    describe_probabilities,
    read_mistakes,
    read_training,
    select_networks,
)
from lesions.report.page import embed_png, render_page
from lesions.report.sealed import SealedComparison, describe_validation, read_sealed_comparison
from lesions.report.sentences import describe_generalisation
from lesions.report.sets import describe_sets
from lesions.report.summary import read_summary
from lesions.report.tables import describe_model, list_differences, list_external, list_scores, list_tests
from lesions.report.warnings import list_warnings
from lesions.stage.run import run_stage
from lesions.tables.ensembles import read_ensemble
from lesions.tables.paths import ModelPaths
from lesions.tables.predictions import Predictions, read_predictions


def main(
    data: Annotated[Path, typer.Option(help="Folder that contains predictions/ and pictures/.")],
    metrics: Annotated[Path, typer.Option(help="Folder with the metrics.")],
    plots: Annotated[Path, typer.Option(help="Folder with the rows of the plots.")],
    page: Annotated[Path, typer.Option(help="Written: the HTML page.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Write the report: the verdict, the warnings, the tables, and each plot with a sentence.

    While the test images are sealed, it has the scores on validation instead, and says so first.
    """
    paths = [ModelPaths(name, data, metrics, plots) for name in read_scored(params)]
    about = DataSummaries(
        read_summary(metrics / "data.json", RunCounts),
        read_summary(metrics / "split.json", SplitSummary),
        read_summary(metrics / "near_duplicates.json", CopyCounts),
    )
    sealed = read_sealed_comparison(metrics / "comparison.json")
    text = render_page(
        **describe_data(data, metrics, about, params),
        **describe_models(paths, params),
        **(describe_sealed(sealed, paths, about) if sealed else describe_test(paths, about)),
    )
    write_text(page, text)


def describe_sealed(
    comparison: SealedComparison, paths: Sequence[ModelPaths], about: DataSummaries
) -> dict[str, Any]:
    """Return all that the page says of the models while the test images are sealed."""
    shares = read_json(paths[0].plots / "split/shares.json")
    return {
        **describe_validation(comparison, [one.model for one in paths]),
        "warnings": [
            *doubt_the_diagnoses(about.split),
            *doubt_the_identifiers(about.split),
            *doubt_the_table(about.counts),
            *doubt_the_copies(about.copies, about.split),
            *doubt_the_mix(shares, about.split),
        ],
        "pictures": [build_balance_picture(shares), *build_training_pictures(paths)],
    }


def describe_test(paths: Sequence[ModelPaths], about: DataSummaries) -> dict[str, Any]:
    """Return all that the page says of the models on test images: the verdict, the tables, the plots."""
    models, plots = [one.model for one in paths], paths[0].plots
    predictions = {one.model: read_predictions(one.predictions).select("test") for one in paths}
    summary = read_summary(paths[0].metrics / "comparison.json", ComparisonSummary)
    comparison, metric = read_comparison(plots / "comparison"), summary.metric
    probes = [name for name in comparison.models if name in PROBES]
    baselines = [name for name in comparison.models if name not in [*models, *probes, ONE_DIAGNOSIS]]
    rows = read_overview(plots)
    overview = build_overview_pictures(
        comparison, predictions, rows, baselines=baselines, probes=probes, metric=metric
    )
    return {
        "sealed": None,
        "verdict": list_verdicts(comparison, models, baseline=summary.baseline, metric=metric),
        "warnings": [
            *list_warnings(
                predictions,
                comparison,
                baselines=baselines,
                metric=metric,
                counts=about.counts,
                split=about.split,
                copies=about.copies,
            ),
            *doubt_the_mix(rows.shares, about.split),
        ],
        **build_tables(comparison, predictions, baselines=baselines, probes=probes, metric=metric),
        "external": [
            row for one in paths for row in list_external(one.model, read_external(one.metrics_file("external")))
        ],
        **build_decision_tables(paths),
        **describe_probabilities(paths, predictions),
        **describe_sets(paths),
        "pictures": [*overview, *build_training_pictures(paths), *build_test_pictures(paths, predictions)],
        "mistakes": [read_mistakes(one) for one in paths],
    }


def build_tables(
    comparison: Comparison,
    predictions: Mapping[str, Predictions],
    *,
    baselines: list[str],
    probes: list[str],
    metric: str,
) -> dict[str, Any]:
    """Return the tables of scores, differences and tests, and the words that explain them."""
    return {
        "scores": list_scores(comparison, metric),
        "with_constant": ONE_DIAGNOSIS in comparison.models,
        "probes": {probe: PROBES[probe] for probe in probes},
        "with_features": any(name.endswith("_features") for name in baselines),
        "metric": METRIC_WORDS[metric],
        "differences": list_differences(comparison, list(predictions), metric),
        "tests": list_tests(predictions),
    }


def describe_data(data: Path, metrics: Path, about: DataSummaries, params: Path) -> dict[str, Any]:
    """Return what the data are, what became of every image, what copies there are, and what intervals count."""
    dataset = read_section(params, "dataset", DatasetParameters)
    counts, split, copies = about.counts, about.split, about.copies
    picture = data / "pictures/near_duplicates.png"
    return {
        "counts": counts,
        "split": split,
        "copies": data_sentences.describe_copies(copies, split),
        "copies_picture": embed_png(picture.read_bytes()) if copies.num_pairs else None,
        "dataset": data_sentences.spell_datasets(dataset.names, dataset.root),
        "units": data_sentences.describe_units(split),
        "images_sentence": data_sentences.describe_images(counts, split),
        "lines": list_lines(counts, split, read_json(metrics / "data.json")),
        "split_sentence": data_sentences.describe_split(split),
        "merged_sentence": data_sentences.describe_merged(counts),
    }


def describe_models(paths: Sequence[ModelPaths], params: Path) -> dict[str, Any]:
    """Return what each network and each ensemble is, and how well it generalises."""
    num_classes = len(read_predictions(paths[0].predictions).classes)
    networks = select_networks(paths)
    return {
        "models": [
            describe_model(one.model, read_architecture(params, one.model), read_training(one)) for one in networks
        ],
        "ensembles": [
            f"{one.model} is {read_ensemble(one.metrics_file('ensemble'))}." for one in paths if one not in networks
        ],
        "generalisation": [
            describe_generalisation(
                one.model,
                read_summary(one.metrics_file("generalisation"), Generalisation),
                num_classes=num_classes,
            )
            for one in paths
        ],
    }


if __name__ == "__main__":
    run_stage(main)
