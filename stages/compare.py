"""Choose the best model on validation, and compare all models, the baselines and the probes on the test images."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Column, Table

from lesions.errors import InputError
from lesions.evaluation.calling import describe_calling
from lesions.evaluation.choice import summarise_choice, summarise_constant, summarise_tests, summarise_validation
from lesions.evaluation.comparison import (
    CompareParameters,
    Comparison,
    check_same_images,
    compare_models,
    score_on_validation,
    write_comparison,
)
from lesions.evaluation.curves import build_precision_recall_rows, build_roc_rows
from lesions.evaluation.estimation import check_defined
from lesions.evaluation.headline import list_verdicts
from lesions.evaluation.references import build_best_constant, list_constants
from lesions.evaluation.scores import score_classes
from lesions.evaluation.seal import SEALED, SENTENCE, is_sealed, write_sealed
from lesions.evaluation.verdict import METRIC_WORDS, describe_choice_on_validation, spell_number
from lesions.formats.json_file import read_json, write_metrics, write_plot_rows
from lesions.parameters.models import read_ensembles, read_models
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.stage.tables import print_table
from lesions.tables.paths import ModelPaths, find_left_over
from lesions.tables.predictions import Predictions, read_predictions

TEST_PLOTS = ("scores", "differences", "f1", "roc", "precision_recall")
"""The plots of all models, all but that of their training: they are of test images."""


def main(
    data: Annotated[Path, typer.Option(help="Folder that contains predictions/.")],
    metrics: Annotated[Path, typer.Option(help="Folder in which comparison.json is written.")],
    plots: Annotated[Path, typer.Option(help="Folder that contains history/, and in which comparison/ is written.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Score and compare all that is listed, the baselines and the probes, on validation alone if sealed."""
    networks, ensembles = read_models(params), read_ensembles(params)
    models = [*networks, *ensembles]
    metric = read_section(params, "compare", CompareParameters).metric
    paths = {model: ModelPaths(model, data, metrics, plots) for model in models}
    check_no_other_is_left(networks, ensembles, ModelPaths("", data, metrics, plots), params)
    trained = {model: read_predictions(paths[model].predictions) for model in models}
    baselines, probes = (read_all_predictions(data / "predictions" / folder) for folder in ("baselines", "probes"))
    tables = trained | baselines | probes
    test, val = ({name: table.select(split) for name, table in tables.items()} for split in ("test", "val"))
    check_same_images(test)
    check_same_images(val)
    sealed = is_sealed(trained[models[0]])
    for split, predictions in (("validation", val),) if sealed else (("test", test), ("validation", val)):
        check_defined(predictions[models[0]], metric, f"{params}: compare.metric: these {split} images")
    histories = {model: read_json(paths[model].history) for model in networks}
    write_plot_rows(plots / "comparison/history.json", join_rows(histories))
    on_validation = score_on_validation(val)
    if sealed:
        compared = Comparison({}, {}, on_validation)
        summary = summarise_validation(compared, models, baselines=list(baselines), metric=metric)
        scores = nest_scores(on_validation)
        write_metrics(metrics / "comparison.json", {**summary, "on_validation": scores, **SEALED})
        write_sealed([], [plots / f"comparison/{name}.json" for name in TEST_PLOTS])
        print_validation(scores)
        print(f"{describe_choice_on_validation(compared, models, metric=metric)}\n{SENTENCE}")
        return
    constant = build_best_constant(test[models[0]], metric)
    references = list_constants(constant, test["class_prior"], metric)
    comparison = compare_models(test | references, rivals=models, on_validation=on_validation)
    summary = summarise_choice(comparison, models, baselines=list(baselines), metric=metric)
    summary |= summarise_constant(comparison, models, constant=constant, metric=metric)
    summary |= summarise_tests({model: test[model] for model in models}, summary)
    sizes = {"num_images": len(constant.images), "num_groups": int(constant.images.group_id.nunique())}
    write_metrics(metrics / "comparison.json", summary | sizes)
    write_comparison(plots / "comparison", comparison)
    write_plot_rows(plots / "comparison/f1.json", list_f1(test))
    # Curves of probes would crowd the plots and add nothing to their scores.
    write_curves(plots / "comparison", {name: each for name, each in test.items() if name not in probes})
    print_comparison(comparison, models, summary)
    print(describe_calling({model: test[model] for model in models}))


def check_no_other_is_left(models: list[str], ensembles: list[str], folders: ModelPaths, params: Path) -> None:
    """Refuse files of models that are not listed: DVC has hashed them with the folders that this stage reads."""
    for name in find_left_over(models, ensembles, folders, exported=[*models, *ensembles]):
        raise InputError(
            f"there are files of {name}, which is not in models or ensembles of {params} or has changed between the "
            "two, as after a change of branch; remove them with `dvc repro --force --single-item list_models`"
        )


def read_all_predictions(folder: Path) -> dict[str, Predictions]:
    """Read the predictions of each model that has a table in a folder, in the order of their names."""
    return {table.stem: read_predictions(table) for table in sorted(folder.glob("*.csv"))}


def write_curves(folder: Path, predictions: Mapping[str, Predictions]) -> None:
    """Write the rows of the ROC curves, and of the curves of precision and recall, of all models."""
    for name, build_rows in (("roc", build_roc_rows), ("precision_recall", build_precision_recall_rows)):
        rows = join_rows({model: build_rows(predicted) for model, predicted in predictions.items()})
        write_plot_rows(folder / f"{name}.json", rows)


def join_rows(rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return the rows of all models in one list; each row names its model."""
    return [{"model": model, **row} for model, of_model in rows.items() for row in of_model]


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


def nest_scores(scores: Mapping[tuple[str, ...], float]) -> dict[str, dict[str, float]]:
    """Return the headline scores by model and by metric."""
    nested: dict[str, dict[str, float]] = {}
    for (model, metric), value in scores.items():
        nested.setdefault(model, {})[metric] = value
    return nested


def print_validation(scores: Mapping[str, Mapping[str, float]]) -> None:
    """Print the scores of each model on validation."""
    metrics = list(next(iter(scores.values())))
    headings = (METRIC_WORDS[name] for name in metrics)
    table = Table(Column("on validation", no_wrap=True), *headings, box=None, padding=(0, 1, 0, 0))
    for model, of_model in scores.items():
        table.add_row(model, *(spell_number(of_model[name]) for name in metrics))
    print_table(table)


def print_comparison(comparison: Comparison, models: list[str], summary: dict[str, Any]) -> None:
    """Print the deciding metric on validation, all scores on test, and the verdict."""
    metric = summary["metric"]
    table = Table(
        Column("on test images", no_wrap=True),
        *(METRIC_WORDS[name] for name in comparison.metrics),
        f"{METRIC_WORDS[metric]} on validation",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for model in comparison.models:
        scores = [comparison.scores[model, name].value for name in comparison.metrics]
        on_validation = comparison.on_validation.get((model, metric))
        table.add_row(model, *map(spell_number, scores), "" if on_validation is None else spell_number(on_validation))
    print_table(table)
    print("\n".join(list_verdicts(comparison, models, baseline=summary["baseline"], metric=metric)))


if __name__ == "__main__":
    run_stage(main)
