"""Compare all models, the baselines and the probes on the same test images."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Column, Table

from lesions.errors import InputError
from lesions.evaluation.comparison import (
    CompareParameters,
    Comparison,
    check_same_images,
    compare_models,
    write_comparison,
)
from lesions.evaluation.curves import build_precision_recall_rows, build_roc_rows
from lesions.evaluation.interval import list_estimates
from lesions.evaluation.scores import score_classes
from lesions.evaluation.significance import compare_pair
from lesions.evaluation.verdict import METRIC_WORDS, list_verdicts
from lesions.formats.json_file import read_json, write_metrics, write_plot_rows
from lesions.parameters.models import RESERVED, read_models
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.predictions import Predictions, read_predictions

MODEL_FILES = {
    "data": ("checkpoints/*.safetensors", "predictions/*.csv", "calibrations/*.json", "pictures/*/*"),
    "metrics": (
        "*/train.json",
        "*/val.json",
        "*/test.json",
        "*/intervals.json",
        "*/before_calibration.json",
        "*/generalisation.json",
        "*/external.json",
        "*/digest.json",
        "*/malignancy.json",
        "*/subgroups.json",
    ),
    "plots": (
        "history/*.json",
        "*/classes.json",
        "*/confusion.json",
        "*/roc.json",
        "*/precision_recall.json",
        "*/reliability.json",
        "*/risk.json",
        "*/malignancy_roc.json",
        "*/net_benefit.json",
        "*/subgroups.json",
    ),
}
"""What the stages that run for each model write, the first asterisk being the model's name."""


def main(
    data: Annotated[Path, typer.Option(help="Folder with predictions/.")],
    metrics: Annotated[Path, typer.Option(help="Written in this folder: comparison.json.")],
    plots: Annotated[Path, typer.Option(help="Folder with history/; written in it: comparison/.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Remove what is left of models that are no longer listed; score and compare those that are."""
    models = read_models(params)
    metric = read_section(params, "compare", CompareParameters).metric
    for model in remove_unlisted_models((data, metrics, plots), models):
        print(f"removed the files of {model}, which is not in models of {params}")

    trained = {model: read_predictions(data / f"predictions/{model}.csv") for model in models}
    baselines, probes = (read_all_predictions(data / "predictions" / folder) for folder in ("baselines", "probes"))
    predictions = {name: found.select("test") for name, found in (trained | baselines | probes).items()}
    check_same_images(predictions)
    comparison = compare_models(predictions, rivals=models)
    check_metric_is_defined(comparison, metric, params)
    summary = summarise_comparison(comparison, models, baselines=list(baselines), metric=metric)
    if len(models) > 1:
        summary |= compute_p_values(predictions[summary["best"]], predictions[summary["runner_up"]])

    test_images = next(iter(predictions.values())).images
    sizes = {"num_images": len(test_images), "num_groups": int(test_images.group_id.nunique())}
    write_metrics(metrics / "comparison.json", summary | sizes)
    write_comparison(plots / "comparison", comparison)
    write_plot_rows(plots / "comparison/f1.json", list_f1(predictions))
    # A probe's ranking says nothing that its scores do not, and would crowd the curves.
    ranked = {name: found for name, found in predictions.items() if name not in probes}
    curves = {"roc": build_roc_rows, "precision_recall": build_precision_recall_rows}
    for name, build_rows in curves.items():
        rows = join_rows({model: build_rows(found) for model, found in ranked.items()})
        write_plot_rows(plots / f"comparison/{name}.json", rows)
    histories = {model: read_json(plots / f"history/{model}.json") for model in models}
    write_plot_rows(plots / "comparison/history.json", join_rows(histories))
    print_comparison(comparison, summary)


def remove_unlisted_models(folders: tuple[Path, Path, Path], models: list[str]) -> list[str]:
    """Remove the files of unlisted models from `data`, `metrics` and `plots`; return these models, sorted."""
    removed: set[str] = set()
    for folder, patterns in zip(folders, MODEL_FILES.values(), strict=True):
        removed |= remove_unlisted(folder, patterns, models)
    return sorted(removed)


def remove_unlisted(folder: Path, patterns: tuple[str, ...], models: list[str]) -> set[str]:
    """Remove the files of models that are not listed, and folders that this leaves empty; return those models.

    DVC would otherwise count them in: it hashes the folders that later stages depend on as they are.
    """
    removed = set()
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            # The first asterisk stands for the model.
            depth = next(depth for depth, part in enumerate(Path(pattern).parts) if "*" in part)
            model = Path(path.relative_to(folder).parts[depth]).stem
            if model not in (*models, *RESERVED):
                path.unlink()
                removed.add(model)
                if not any(path.parent.iterdir()):
                    path.parent.rmdir()
    return removed


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
    """Return which model is best by the metric, and how far ahead of the next one and of the best baseline."""
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
    """Return a row for each model and diagnosis that has images or is predicted."""
    rows = []
    for model, found in predictions.items():
        scores = score_classes(found.y_true, found.y_pred, len(found.classes))
        rows += [
            {"model": model, "diagnosis": name, "f1": float(scores.f1[code]), "support": int(scores.support[code])}
            for code, name in enumerate(found.classes)
            if np.isfinite(scores.f1[code])
        ]
    return rows


def print_comparison(comparison: Comparison, summary: dict[str, Any]) -> None:
    """Print the scores, and which model is better."""
    table = Table(
        Column("on test images", overflow="fold"),
        *(METRIC_WORDS[metric] for metric in comparison.metrics),
        box=None,
        padding=(0, 1, 0, 0),
    )
    for model in comparison.models:
        table.add_row(model, *(f"{comparison.scores[model, metric].value:.3f}" for metric in comparison.metrics))
    Console().print(table)
    verdicts = list_verdicts(
        comparison,
        summary["best"],
        runner_up=summary.get("runner_up"),
        baseline=summary["baseline"],
        metric=summary["metric"],
    )
    print("\n".join(verdicts))


if __name__ == "__main__":
    run_stage(main)
