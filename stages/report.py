"""Write the results of the run on one page that needs no other file, with model cards and a filled-in checklist.

    python -m stages.report --code data/code/report.json --data data --metrics metrics --plots plots
        --defaults presets/default.yaml --page report/index.html --cards report/cards --checklist report/checklist.md

The page of two models on HAM10000 takes about ten seconds.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lesions.datasets.parameters import DatasetParameters
from lesions.evaluation.comparison import Comparison
from lesions.formats.atomic import atomic_folder, write_text
from lesions.formats.json_file import read_json
from lesions.networks.parameters import read_architecture
from lesions.parameters.models import read_scored
from lesions.parameters.section import read_section
from lesions.report import data_sentences
from lesions.report.about import AboutParameters, list_statements
from lesions.report.accounting import list_lines
from lesions.report.asked import describe_question
from lesions.report.cards import write_card
from lesions.report.characteristics import CharacteristicRow, list_characteristics
from lesions.report.checklist import fill_in_checklist
from lesions.report.data_warnings import (
    doubt_the_copies,
    doubt_the_diagnoses,
    doubt_the_identifiers,
    doubt_the_mix,
    doubt_the_table,
)
from lesions.report.gallery import build_balance_picture
from lesions.report.inputs import CopyCounts, DataSummaries, Generalisation, RunCounts, SplitSummary
from lesions.report.models import build_training_pictures, count_kinds, read_training, select_networks
from lesions.report.names import ReportedModel, list_reported, rename_members
from lesions.report.page import embed_photo, render_page
from lesions.report.provenance import describe_provenance
from lesions.report.scored import describe_test, read_scored_models
from lesions.report.sealed import SealedComparison, describe_validation, read_sealed_comparison
from lesions.report.sections import list_answers, list_sections
from lesions.report.sentences import describe_generalisation
from lesions.report.summary import read_rows, read_summary
from lesions.report.tables import describe_model
from lesions.stage.run import run_stage
from lesions.tables.classes import read_classes
from lesions.tables.ensembles import read_ensemble

Models = Sequence[ReportedModel]


def main(
    data: Annotated[Path, typer.Option(help="Folder that contains predictions/, pictures/ and code/.")],
    metrics: Annotated[Path, typer.Option(help="Folder with the metrics.")],
    plots: Annotated[Path, typer.Option(help="Folder with the rows of the plots.")],
    defaults: Annotated[Path, typer.Option(help="The parameter file of the defaults.")],
    page: Annotated[Path, typer.Option(help="Written: the HTML page.")],
    cards: Annotated[Path, typer.Option(help="Written: a folder with one model card per model.")],
    checklist: Annotated[Path, typer.Option(help="Written: the filled-in reporting checklist.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Write the page, the model cards, and the checklist.

    While the test images are sealed, the page has the scores on validation instead, and says so first.
    """
    models: Models = list_reported(read_scored(params), data, metrics, plots)
    about = DataSummaries(
        read_summary(metrics / "data.json", RunCounts),
        read_summary(metrics / "split.json", SplitSummary),
        read_summary(metrics / "near_duplicates.json", CopyCounts),
    )
    dataset = read_section(params, "dataset", DatasetParameters)
    statements = list_statements(read_section(params, "about", AboutParameters))
    content = {
        "statements": statements,
        "statements_by_name": {row["name"]: row["stated"] for row in statements},
        **describe_data(data, metrics, about, dataset),
        **describe_provenance(params, defaults, data / "code", dataset, about),
    }
    sealed, comparison = read_sealed_comparison(metrics / "comparison.json"), None
    if sealed:
        content |= describe_sealed(sealed, models, about)
    else:
        scored = read_scored_models(models)
        models, comparison = scored.models, scored.comparison
        content |= describe_test(scored, about, params)
    content |= describe_models(models, params)
    content["sections"] = list_sections(content)
    content["cards"] = {one.name: describe_card(one, content, comparison) for one in models}
    write_text(page, render_page(**content))
    with atomic_folder(cards) as folder:
        for one in models:
            write_text(folder / f"{one.model}.md", content["cards"][one.name])
    write_text(checklist, fill_in_checklist(content["statements_by_name"], list_answers(content)))


def describe_sealed(comparison: SealedComparison, models: Models, about: DataSummaries) -> dict[str, Any]:
    """Return all that the page says of the models while the test images are sealed."""
    names = {one.model: one.name for one in models}
    shares = read_json(models[0].plots / "split/shares.json")
    classes = read_classes(models[0].data / "classes.json").classes
    return {
        **describe_question(classes, about.split, comparison.metric, **count_kinds(models)),
        **describe_validation(comparison, names),
        "warnings": [
            *doubt_the_diagnoses(about.split),
            *doubt_the_identifiers(about.split),
            *doubt_the_table(about.counts),
            *doubt_the_copies(about.copies, about.split),
            *doubt_the_mix(shares, about.split),
        ],
        "panel": None,
    }


def describe_data(data: Path, metrics: Path, about: DataSummaries, dataset: DatasetParameters) -> dict[str, Any]:
    """Return what the data are, what became of every image, who is in each split, and what copies there are."""
    counts, split, copies = about.counts, about.split, about.copies
    return {
        "counts": counts,
        "split": split,
        "copies": data_sentences.describe_copies(copies, split),
        "copies_picture": embed_photo(data / "pictures/near_duplicates.png", longest_px=None)
        if copies.num_pairs
        else None,
        "dataset": data_sentences.spell_datasets(dataset.names, dataset.root),
        "datasets": list(dataset.names),
        "units": data_sentences.describe_units(split),
        "images_sentence": data_sentences.describe_images(counts, split),
        "lines": list_lines(counts, split, read_json(metrics / "data.json")),
        "characteristics": list_characteristics(read_rows(data / "characteristics.json", CharacteristicRow)),
        "split_sentence": data_sentences.describe_split(split),
        "merged_sentence": data_sentences.describe_merged(counts),
    }


def describe_models(models: Models, params: Path) -> dict[str, Any]:
    """Return what each network and each ensemble is, how it was trained, and how well it generalises."""
    num_classes = len(read_classes(models[0].data / "classes.json").classes)
    networks = select_networks(models)
    return {
        "models": [
            describe_model(one.name, read_architecture(params, one.model), read_training(one)) for one in networks
        ],
        "ensembles": [
            f"{one.name} is {rename_members(read_ensemble(one.metrics_file('ensemble')), models)}."
            for one in models
            if one not in networks
        ],
        "generalisation": [
            describe_generalisation(
                one.name,
                read_summary(one.metrics_file("generalisation"), Generalisation),
                num_classes=num_classes,
            )
            for one in models
        ],
        "training": build_training_pictures(models),
        "balance": build_balance_picture(read_json(models[0].plots / "split/shares.json")),
    }


def describe_card(model: ReportedModel, content: Mapping[str, Any], comparison: Comparison | None) -> str:
    """Return the model card of one model."""
    row: dict[str, str] = next((row for row in content["models"] if row["model"] == model.name), {})
    made = row or next(
        {"ensemble": sentence} for sentence in content["ensembles"] if sentence.startswith(f"{model.name} is ")
    )
    of_model: dict[str, Any] = next((one for one in content.get("by_model", []) if one["model"] == model.name), {})

    def find_sentence(pictures: str) -> str:
        return next(
            (one.sentence for one in content.get(pictures, []) if one.heading.endswith(f", {model.name}")), ""
        )

    own = {
        "model": made,
        "weights_licence": read_training(model).weights_licence if row else None,
        "diagnoses": of_model.get("rows", []),
        "operating": of_model.get("operating"),
        "subgroups": find_sentence("subgroups"),
        "robustness": find_sentence("robustness"),
        "generalisation": next(one for one in content["generalisation"] if one.startswith(f"{model.name} has ")),
    }
    return write_card(model, {**content, **own}, comparison)


if __name__ == "__main__":
    run_stage(main)
