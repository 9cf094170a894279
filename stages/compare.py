"""Compare all models, the baselines and the probes on the same test images."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Column, Table

from lesions.errors import InputError
from lesions.evaluation.calling import describe_calling
from lesions.evaluation.comparison import (
    CompareParameters,
    Comparison,
    check_same_images,
    compare_models,
    write_comparison,
)
from lesions.evaluation.curves import build_precision_recall_rows, build_roc_rows
from lesions.evaluation.headline import compare_with_constant, list_verdicts
from lesions.evaluation.interval import list_estimates
from lesions.evaluation.scores import score_classes
from lesions.evaluation.significance import compare_pair
from lesions.evaluation.verdict import METRIC_WORDS
from lesions.formats.json_file import read_json, write_metrics, write_plot_rows
from lesions.parameters.models import read_models
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.stage.tables import print_table
from lesions.tables.paths import ModelPaths, find_unlisted
from lesions.tables.predictions import Predictions, read_predictions


def main(
    data: Annotated[Path, typer.Option(help="Folder that contains predictions/.")],
    metrics: Annotated[Path, typer.Option(help="Folder in which comparison.json is written.")],
    plots: Annotated[Path, typer.Option(help="Folder that contains history/, and in which comparison/ is written.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Score and compare the models that are listed, the baselines and the probes."""
    models = read_models(params)
    metric = read_section(params, "compare", CompareParameters).metric
    paths = {model: ModelPaths(model, data, metrics, plots) for model in models}
    check_no_other_is_left(paths, params)
    trained = {model: read_predictions(paths[model].predictions) for model in models}
    baselines, probes = (read_all_predictions(data / "predictions" / folder) for folder in ("baselines", "probes"))
    predictions = {name: table.select("test") for name, table in (trained | baselines | probes).items()}
    check_same_images(predictions)
    comparison = compare_models(predictions, rivals=models)
    check_metric_is_defined(comparison, metric, params)
    summary = summarise_comparison(comparison, models, baselines=list(baselines), metric=metric)
    summary |= compare_with_constant({model: predictions[model] for model in models}, metric)
    if len(models) > 1:
        summary |= compute_p_values(predictions[summary["best"]], predictions[summary["runner_up"]])

    test_images = next(iter(predictions.values())).images
    sizes = {"num_images": len(test_images), "num_groups": int(test_images.group_id.nunique())}
    write_metrics(metrics / "comparison.json", summary | sizes)
    write_comparison(plots / "comparison", comparison)
    write_plot_rows(plots / "comparison/f1.json", list_f1(predictions))
    # Curves of probes would crowd the plots and add nothing to their scores.
    ranked = {name: predicted for name, predicted in predictions.items() if name not in probes}
    curves = {"roc": build_roc_rows, "precision_recall": build_precision_recall_rows}
    for name, build_rows in curves.items():
        rows = join_rows({model: build_rows(predicted) for model, predicted in ranked.items()})
        write_plot_rows(plots / f"comparison/{name}.json", rows)
    histories = {model: read_json(paths[model].history) for model in models}
    write_plot_rows(plots / "comparison/history.json", join_rows(histories))
    print_comparison(comparison, models, summary)
    print(describe_calling({model: predictions[model] for model in models}))


def check_no_other_is_left(paths: dict[str, ModelPaths], params: Path) -> None:
    """Refuse files of models that are not listed: DVC has hashed them with the folders that this stage reads."""
    for model in find_unlisted(paths, next(iter(paths.values()))):
        raise InputError(
            f"there are files of {model}, which is not in models of {params}, as after a change of branch; remove "
            "them with `dvc repro --force --single-item list_models`"
        )


def read_all_predictions(folder: Path) -> dict[str, Predictions]:
    """Read the predictions of each model that has a table in a folder, in the order of their names."""
    return {table.stem: read_predictions(table) for table in sorted(folder.glob("*.csv"))}


def check_metric_is_defined(comparison: Comparison, metric: str, params: Path) -> None:
    """Raise InputError if the test images do not define the metric that compares the models."""
    if metric not in comparison.metrics:
        defined = ", ".join(comparison.metrics)
        raise InputError(f"{params}: compare.metric: these test images do not define {metric}; they define {defined}")


def compute_p_values(first: Predictions, second: Predictions) -> dict[str, float]:
    """Return the p-values of the two tests that compare a pair of models."""
    hits, areas = compare_pair(first, second)
    return {"mcnemar_p_value": hits.p_value, "delong_p_value": areas.p_value}


def join_rows(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return the rows of all models in one list; each row names its model."""
    return [{"model": model, **row} for model, of_model in rows.items() for row in of_model]


def summarise_comparison(
    comparison: Comparison, models: list[str], *, baselines: list[str], metric: str
) -> dict[str, Any]:
    """Return the best model by a metric, and its lead over the next model and over the best baseline."""
    best, *others = comparison.rank(models, metric)
    rivals = {"runner_up": others[0]} if others else {}
    rivals["baseline"] = comparison.rank(baselines, metric)[0]
    summary = {"metric": metric, "best": best, "best_score": comparison.scores[best, metric].value}
    for role, rival in rivals.items():
        lead = comparison.subtract(best, rival, metric)
        summary |= {
            role: rival,
            **list_estimates({f"lead_over_{role}": lead}),
            f"lead_over_{role}_p_value": lead.p_holm,
        }
    return summary


def list_f1(predictions: Mapping[str, Predictions]) -> list[dict[str, Any]]:
    """Return one row per model and diagnosis that has images or is predicted."""
    rows = []
    for model, predicted in predictions.items():
        scores = score_classes(predicted.y_true, predicted.y_pred, len(predicted.classes))
        rows += [
            {"model": model, "diagnosis": name, "f1": float(scores.f1[code]), "support": int(scores.support[code])}
            for code, name in enumerate(predicted.classes)
            if np.isfinite(scores.f1[code])
        ]
    return rows


def print_comparison(comparison: Comparison, models: list[str], summary: dict[str, Any]) -> None:
    """Print the scores and the verdict."""
    table = Table(
        Column("on test images", no_wrap=True),
        *(METRIC_WORDS[metric] for metric in comparison.metrics),
        box=None,
        padding=(0, 1, 0, 0),
    )
    for model in comparison.models:
        table.add_row(model, *(f"{comparison.scores[model, metric].value:.3f}" for metric in comparison.metrics))
    print_table(table)
    verdicts = list_verdicts(
        comparison,
        models,
        baseline=summary["baseline"],
        metric=summary["metric"],
        unbeaten_constant=None if summary["constant_is_beaten"] else summary["constant_score"],
    )
    print("\n".join(verdicts))


if __name__ == "__main__":
    run_stage(main)
