"""`lesions compare`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Column, Table
from rich.text import Text

from lesions.command_line.options import PARAMS, find_typed
from lesions.errors import InputError
from lesions.formats.markdown import list_table
from lesions.formats.printable import escape_markdown, make_printable
from lesions.stage.tables import print_table

if TYPE_CHECKING:
    from lesions.evaluation.measurement import Measurement
    from lesions.evaluation.non_inferiority import Judged
    from lesions.tables.predictions import Predictions

COLUMNS = ("", "score", "difference", "95 % interval", "p after Holm", "verdict")

SPLIT_WORDS = {"val": "validation", "test": "test"}


def compare(
    names: Annotated[
        list[str],
        typer.Argument(help="The reference, then what is compared with it: MODEL, REVISION:MODEL or REVISION."),
    ],
    not_worse_by: Annotated[
        float, typer.Option(min=0, max=1, help="The largest difference for the worse that does not matter.")
    ] = 0.02,
    metric: Annotated[str | None, typer.Option(help="The metric; by default compare.metric.")] = None,
    split: Annotated[Literal["val", "test"], typer.Option(help="The images on which to compare.")] = "val",
    markdown: Annotated[
        Path | None, typer.Option(help="Written: the comparison as Markdown.", callback=find_typed)
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Written: the comparison as JSON.", callback=find_typed)] = None,
) -> None:
    """Say of each of NAMES whether it is better than the first, not worse by more than does not matter, or worse.

    A name is a model of the workspace, a model of a branch, tag, commit or experiment, or one of these alone, which
    stands for its best model on validation. The images are those of validation, because a choice by test images
    makes the best score too good; with --split test the command says by how much.
    """
    # These import DVC and scipy; the other commands start without them.
    from lesions.evaluation.calling import describe_calling
    from lesions.evaluation.comparison import CompareParameters
    from lesions.evaluation.estimation import check_defined, measure_metrics
    from lesions.evaluation.non_inferiority import judge_against_first
    from lesions.formats.atomic import write_text
    from lesions.formats.json_file import write_json
    from lesions.parameters.section import read_section

    if len(names) < 2:
        raise InputError("expected a reference and at least one name to compare with it")
    predictions = read_compared(names, split)
    first, images = next(iter(predictions.values())), f"{SPLIT_WORDS[split]} images"
    metric = metric or read_section(PARAMS, "compare", CompareParameters).metric
    check_defined(first, metric, f"the {images}")
    found = measure_metrics(predictions, seed=0, metrics=(metric,))
    measured = {name: of_model[metric] for name, of_model in found.items()}
    judged = judge_against_first(measured, not_worse_by=not_worse_by)
    heading = describe_images(first, metric, images)
    rows = [spell_row(name, each.value, judged.get(name), not_worse_by) for name, each in measured.items()]
    notes = [describe_calling(predictions, images=images), *([describe_looks(measured)] if split == "test" else [])]
    print(heading)
    print_table(build_table(rows))
    print("\n".join(map(make_printable, notes)))
    if markdown is not None:
        write_text(markdown, render_markdown(heading, rows, notes))
    if output is not None:
        about = {"metric": metric, "split": split, "not_worse_by": not_worse_by, "num_images": len(first.images)}
        about |= {"num_groups": int(first.images.group_id.nunique()), "looks": "".join(notes[1:])}
        write_json(output, {**about, "models": list_models(measured, judged)})


def read_compared(names: Sequence[str], split: str) -> "dict[str, Predictions]":
    """Read what each of some names stands for: the predictions of the same images of a split."""
    from lesions.evaluation.comparison import check_same_images
    from lesions.evaluation.seal import check_may_look, check_unsealed
    from lesions.experiments.candidates import find_candidates, read_candidate
    from lesions.parameters.models import read_scored

    models = read_scored(PARAMS)
    if split == "test":
        check_may_look(PARAMS)
    tables = {one.name: read_candidate(one) for one in find_candidates(names, models)}
    if split == "test":
        for name, table in tables.items():
            check_unsealed(table, name)
    predictions = {name: table.select(split) for name, table in tables.items()}
    check_same_images(predictions)
    return predictions


def describe_images(predictions: "Predictions", metric: str, images: str) -> str:
    """Say what is compared on which images."""
    from lesions.evaluation.verdict import METRIC_WORDS

    num_groups = predictions.images.group_id.nunique()
    return (
        f"{METRIC_WORDS[metric]} on {len(predictions.images):,} {images} of {num_groups:,} groups, each compared "
        "with the first:"
    )


def spell_row(name: str, score: float, judged: "Judged | None", not_worse_by: float) -> tuple[str, ...]:
    """Return the cells of one model; `judged` is None for the reference."""
    from lesions.evaluation.verdict import spell_bounds, spell_number, spell_p

    if judged is None:
        return (name, spell_number(score), "", "", "", "the reference")
    difference = judged.difference
    return (
        name,
        spell_number(score),
        spell_number(difference.value, signed=True),
        spell_bounds(difference),
        spell_p(difference.p_holm),
        judged.verdict.spell(not_worse_by),
    )


def build_table(rows: Sequence[tuple[str, ...]]) -> Table:
    """Return the table for the terminal."""
    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS), box=None, padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(*(Text(make_printable(cell)) for cell in row))
    return table


def describe_looks(measured: "Mapping[str, Measurement]") -> str:
    """Say how often the test images were looked at, and by how much the best of so many flatters itself."""
    from lesions.evaluation.flattery import estimate_flattery
    from lesions.experiments.looks import count_looks

    looks = count_looks()
    sentence = (
        f"The workspace's test images have been looked at {looks.num_predictions:,} times: git and DVC's experiments "
        f"have so many different predictions of them, in {looks.num_commits:,} commits."
    )
    if not looks.is_whole:
        sentence += " This is a shallow clone, so that there may have been more: `git fetch --unshallow`."
    if looks.num_predictions > 1:
        flattery = estimate_flattery(measured, looks.num_predictions)
        sentence += f" The best of so many equally good models would score about {flattery:.3f} too high."
    return sentence


def render_markdown(heading: str, rows: Sequence[tuple[str, ...]], notes: Sequence[str]) -> str:
    """Return the comparison as Markdown."""
    table = list_table(COLUMNS, ([escape_markdown(cell) for cell in row] for row in rows))
    return "\n".join([heading, "", *table, *(line for note in notes for line in (escape_markdown(note), ""))])


def list_models(measured: "Mapping[str, Measurement]", judged: "Mapping[str, Judged]") -> list[dict[str, Any]]:
    """Return the score of each model, and its difference from the first with the verdict."""
    return [
        {"name": name, "score": each.value}
        | (
            {
                "difference": judged[name].difference.value,
                "low": judged[name].difference.low,
                "high": judged[name].difference.high,
                "p_holm": judged[name].difference.p_holm,
                "verdict": str(judged[name].verdict),
            }
            if name in judged
            else {}
        )
        for name, each in measured.items()
    ]
