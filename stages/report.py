"""Write the results of the run on one page that needs no other file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from lesions.baselines.probes import PROBES
from lesions.evaluation.comparison import read_comparison
from lesions.evaluation.verdict import METRIC_WORDS, list_verdicts
from lesions.formats.atomic import write_text
from lesions.formats.json_file import read_json
from lesions.parameters.models import read_models
from lesions.parameters.section import read_parameters
from lesions.report.gallery import build_confusion_picture, build_overview_pictures, build_training_picture
from lesions.report.malignancy import build_malignancy_picture
from lesions.report.page import Picture, embed_png, render_page
from lesions.report.reliability import build_reliability_picture
from lesions.report.sentences import describe_copies, describe_generalisation, describe_mistakes, describe_split
from lesions.report.subgroups import build_subgroup_picture
from lesions.report.tables import describe_model, list_differences, list_external, list_scores, list_tests
from lesions.report.warnings import list_warnings
from lesions.stage.run import run_stage
from lesions.tables.predictions import read_predictions


def main(
    data: Annotated[Path, typer.Option(help="Folder that contains predictions/ and pictures/.")],
    metrics: Annotated[Path, typer.Option(help="Folder with the metrics.")],
    plots: Annotated[Path, typer.Option(help="Folder with the rows of the plots.")],
    page: Annotated[Path, typer.Option(help="Written: the HTML page.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Write the report: the verdict, the warnings, the tables, and each plot with a sentence."""
    parameters = read_parameters(params)
    models = {
        model: read_predictions(data / f"predictions/{model}.csv").select("test") for model in read_models(params)
    }
    trained = {model: read_json(metrics / model / "train.json") for model in models}
    histories = {model: read_json(plots / f"history/{model}.json") for model in models}
    counts, split, copies = (read_json(metrics / f"{name}.json") for name in ("data", "split", "near_duplicates"))
    summary = read_json(metrics / "comparison.json")
    rows = {name: read_json(plots / f"comparison/{name}.json") for name in ("f1", "roc", "precision_recall")}
    rows["shares"] = read_json(plots / "split/shares.json")
    comparison = read_comparison(plots / "comparison")
    baselines = [name for name in comparison.models if name not in models and name not in PROBES]

    metric = summary["metric"]
    pictures = list(build_overview_pictures(comparison, models, baselines, list(PROBES), metric, rows))
    pictures += [build_training_picture(model, histories[model], trained[model]) for model in models]
    pictures += [build_confusion_picture(model, predictions) for model, predictions in models.items()]
    pictures += [
        picture for model in models for picture in build_trust_pictures(model, metrics / model, plots / model)
    ]
    text = render_page(
        dataset=", ".join(parameters["dataset"]["names"]),
        counts=counts,
        split=split,
        split_sentence=describe_split(split),
        verdict=list_verdicts(comparison, summary),
        warnings=list_warnings(models, baselines, comparison, metric, counts=counts, split=split, copies=copies),
        generalisation=[
            describe_generalisation(model, read_json(metrics / model / "generalisation.json")) for model in models
        ],
        tests=list_tests(models),
        external=[
            row for model in models for row in list_external(model, read_json(metrics / model / "external.json"))
        ],
        models=[describe_model(model, parameters["architectures"][model], trained[model]) for model in models],
        with_features=any(name.endswith("_features") for name in baselines),
        scores=list_scores(comparison),
        differences=list_differences(comparison, list(models), metric),
        probes=PROBES,
        metric=METRIC_WORDS[metric],
        pictures=pictures,
        copies=describe_copies(copies, split),
        copies_picture=embed_png((data / "pictures/near_duplicates.png").read_bytes()),
        mistakes=[read_mistakes(data / "pictures" / model, model) for model in models],
    )
    write_text(page, text)


def build_trust_pictures(model: str, metrics: Path, plots: Path) -> Iterator[Picture]:
    """Build the pictures of one model's calibration, of its decisions on malignancy, and of its subgroups."""
    bins, risks, roc, net_benefit, subgroups = (
        read_json(plots / f"{name}.json")
        for name in ("reliability", "risk", "malignancy_roc", "net_benefit", "subgroups")
    )
    scores, before, malignancy, subgroup_summary = (
        read_json(metrics / f"{name}.json") for name in ("test", "before_calibration", "malignancy", "subgroups")
    )
    yield build_reliability_picture(model, bins, risks, scores, before)
    if malignancy["has_malignant_side"]:
        yield build_malignancy_picture(model, roc, net_benefit, malignancy)
    if subgroups:
        yield build_subgroup_picture(model, subgroups, subgroup_summary)


def read_mistakes(folder: Path, model: str) -> dict[str, Any]:
    """Read the pictures of one model's mistakes, and describe them."""
    mistakes = read_json(folder / "mistakes.json")
    return {
        "model": model,
        "sentence": describe_mistakes(model, mistakes),
        "pictures": [
            mistake | {"source": embed_png((folder / mistake["picture"]).read_bytes())} for mistake in mistakes
        ],
    }


if __name__ == "__main__":
    run_stage(main)
