"""Score a model on the parts of the test images that have one sex, age, site, source, confirmation or skin type."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from lesions.evaluation.interval import list_estimates
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.subgroups import Subgroup, find_worst, score_subgroups
from lesions.evaluation.verdict import spell_bounds
from lesions.formats.json_file import write_metrics, write_plot_rows
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.metadata import read_metadata
from lesions.tables.predictions import read_predictions


def main(
    predictions: Annotated[Path, typer.Option(help="Logits of the validation and test images.")],
    metadata: Annotated[Path, typer.Option(help="One validated row an image.")],
    metrics: Annotated[Path, typer.Option(help="Written: the worst subgroup.")],
    plot: Annotated[Path, typer.Option(help="Written: a row a subgroup.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Compare each subgroup with all other test images."""
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
    write_plot_rows(plot, [describe_subgroup(found) for found in subgroups])
    print_subgroups(subgroups)


def is_beyond_noise(found: Subgroup) -> bool:
    """Return whether a subgroup is told from the rest of the test images."""
    return found.difference is not None and found.difference.is_beyond_noise


def describe_subgroup(found: Subgroup) -> dict[str, Any]:
    """Return a subgroup as the row of a plot."""
    row: dict[str, Any] = {
        "attribute": found.attribute,
        "subgroup": f"{found.attribute}: {found.value}",
        "num_images": found.num_images,
        "num_groups": found.num_groups,
        "balanced_accuracy": found.score.value,
        "low": found.score.low,
        "high": found.score.high,
        "beyond_noise": is_beyond_noise(found),
    }
    if found.difference:
        row |= {"lead_over_others": found.difference.value, "p_holm": found.difference.p_holm}
    return row


def print_subgroups(subgroups: list[Subgroup]) -> None:
    """Print a line a subgroup."""
    table = Table("subgroup", "images", "balanced accuracy", "95 % interval", "", box=None, padding=(0, 1, 0, 0))
    for found in subgroups:
        table.add_row(
            f"{found.attribute}: {found.value}",
            f"{found.num_images:,}",
            f"{found.score.value:.3f}",
            spell_bounds(found.score),
            "beyond noise" if is_beyond_noise(found) else "",
        )
    Console().print(table)


if __name__ == "__main__":
    run_stage(main)
