"""Score a model on subgroups of the test images: one sex, age, site, source, confirmation or skin type each."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from lesions.evaluation.interval import list_estimates
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.subgroups import Subgroup, find_worst, score_subgroups
from lesions.evaluation.verdict import spell_bounds
from lesions.formats.json_file import write_metrics, write_plot_rows
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.stage.tables import print_table
from lesions.tables.metadata import read_metadata
from lesions.tables.predictions import read_predictions


def main(
    predictions: Annotated[Path, typer.Option(help="The model's calibrated predictions.")],
    metadata: Annotated[Path, typer.Option(help="Validated metadata, one row per image.")],
    metrics: Annotated[Path, typer.Option(help="Written: the subgroup with the lowest score.")],
    plot: Annotated[Path, typer.Option(help="Written: one row per subgroup.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Score each subgroup, and compare it with all other test images."""
    min_groups = read_section(params, "evaluation", EvaluationParameters).min_subgroup_groups
    test = read_predictions(predictions).select("test").with_metadata(read_metadata(metadata))
    subgroups = score_subgroups(test, min_groups=min_groups)
    summary: dict[str, Any] = {
        "num_subgroups": len(subgroups),
        "num_beyond_noise": sum(map(is_beyond_noise, subgroups)),
    }
    if subgroups:
        worst = find_worst(subgroups)
        summary |= {
            "worst_subgroup": f"{worst.attribute}: {worst.value}",
            **list_estimates({"worst_balanced_accuracy": worst.score}),
        }
    write_metrics(metrics, summary)
    write_plot_rows(plot, [describe_subgroup(subgroup) for subgroup in subgroups])
    print_subgroups(subgroups, min_groups)


def is_beyond_noise(subgroup: Subgroup) -> bool:
    """Return whether a subgroup differs significantly from the other test images."""
    return subgroup.difference is not None and subgroup.difference.is_beyond_noise


def describe_subgroup(subgroup: Subgroup) -> dict[str, Any]:
    """Return a subgroup as a plot row."""
    row: dict[str, Any] = {
        "attribute": subgroup.attribute,
        "subgroup": f"{subgroup.attribute}: {subgroup.value}",
        "num_images": subgroup.num_images,
        "num_groups": subgroup.num_groups,
        "balanced_accuracy": subgroup.score.value,
        "low": subgroup.score.low,
        "high": subgroup.score.high,
        "beyond_noise": is_beyond_noise(subgroup),
    }
    if subgroup.difference:
        row |= {"lead_over_others": subgroup.difference.value, "p_holm": subgroup.difference.p_holm}
    return row


def print_subgroups(subgroups: list[Subgroup], min_groups: int) -> None:
    """Print one line per subgroup, or that no subgroup is large enough."""
    if not subgroups:
        print(
            "no subgroup is scored: no age, sex, site or other property is known of enough independent images "
            f"(evaluation.min_subgroup_groups: {min_groups})"
        )
    names = (Column("subgroup", no_wrap=True), "images", "balanced accuracy", Column("95 % interval", no_wrap=True))
    table = Table(*names, "", box=None, padding=(0, 1, 0, 0))
    for subgroup in subgroups:
        table.add_row(
            f"{subgroup.attribute}: {subgroup.value}",
            f"{subgroup.num_images:,}",
            f"{subgroup.score.value:.3f}",
            spell_bounds(subgroup.score),
            "significant" if is_beyond_noise(subgroup) else "",
        )
    print_table(table)


if __name__ == "__main__":
    run_stage(main)
