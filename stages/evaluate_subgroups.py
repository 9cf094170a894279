"""Score a model on subgroups of the test images, each of one sex, age, site, source or the like, or of one's own."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from lesions.evaluation.calling import describe_calling
from lesions.evaluation.interval import list_estimates
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.seal import SENTENCE, is_sealed, write_sealed
from lesions.evaluation.subgroups import Subgroup, Subgroups, compare_accuracies, compare_sensitivities
from lesions.evaluation.thresholds import calls_all
from lesions.evaluation.verdict import spell_bounds
from lesions.formats.json_file import read_json, write_metrics, write_plot_rows
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.stage.tables import print_table
from lesions.tables.classes import read_classes
from lesions.tables.metadata import read_metadata
from lesions.tables.predictions import read_predictions
from lesions.tables.task import TaskParameters


def main(
    predictions: Annotated[Path, typer.Option(help="The model's calibrated predictions.")],
    metadata: Annotated[Path, typer.Option(help="Validated metadata, one row per image.")],
    classes: Annotated[Path, typer.Option(help="Classes and their diagnoses.")],
    malignancy: Annotated[Path, typer.Option(help="The threshold for malignancy, chosen on validation.")],
    metrics: Annotated[Path, typer.Option(help="Written: how many subgroups differ, and the lowest scores.")],
    plot: Annotated[Path, typer.Option(help="Written: one row per subgroup.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Score each subgroup, and compare it with all other test images, unless these are sealed."""
    table = read_predictions(predictions)
    if is_sealed(table):
        write_sealed([metrics], [plot])
        print(SENTENCE)
        return
    evaluation = read_section(params, "evaluation", EvaluationParameters)
    test = table.select("test").with_metadata(read_metadata(metadata))
    accuracies = compare_accuracies(test, min_groups=evaluation.min_subgroup_groups)
    sides = read_section(params, "task", TaskParameters).find_sides(read_classes(classes).diagnoses)
    threshold = read_json(malignancy).get("threshold")
    sensitivities = None
    if sides is not None and threshold is not None and not calls_all(threshold):
        sensitivities = compare_sensitivities(
            test,
            sides=sides,
            threshold=threshold,
            min_groups=evaluation.min_subgroup_groups,
            min_malignant_groups=evaluation.min_malignant_groups,
        )
    write_metrics(
        metrics,
        summarise(accuracies, "subgroups", "balanced_accuracy")
        | (summarise(sensitivities, "sensitivities", "sensitivity") if sensitivities else {}),
    )
    by_name = {name_subgroup(one): one for one in sensitivities.scored} if sensitivities else {}
    write_plot_rows(plot, [describe_subgroup(one, by_name.get(name_subgroup(one))) for one in accuracies.scored])
    print_accuracies(accuracies, evaluation.min_subgroup_groups)
    print(describe_calling({predictions.stem: test}))
    print_sensitivities(sensitivities, evaluation.min_malignant_groups)


def summarise(subgroups: Subgroups, many: str, score: str) -> dict[str, Any]:
    """Return how many subgroups are scored, left out and significant, and the lowest score beside that of chance."""
    summary: dict[str, Any] = {
        f"num_{many}": len(subgroups.scored),
        f"num_{many}_left_out": subgroups.num_left_out,
        f"num_{many}_beyond_noise": subgroups.num_beyond_noise,
    }
    if subgroups.scored:
        summary |= {
            f"lowest_{score}_subgroup": name_subgroup(subgroups.lowest),
            f"lowest_{score}_by_chance": subgroups.lowest_by_chance,
            **list_estimates({f"lowest_{score}": subgroups.lowest.score}),
        }
    return summary


def name_subgroup(subgroup: Subgroup) -> str:
    """Return the attribute and its value."""
    return f"{subgroup.attribute}: {subgroup.value}"


def describe_subgroup(subgroup: Subgroup, malignant: Subgroup | None) -> dict[str, Any]:
    """Return a subgroup as a plot row; all rows have the same keys, because DVC draws no others.

    Parameters
    ----------
    malignant
        Its malignant images; None if they are of too few groups.
    """
    difference = subgroup.difference
    found = malignant.difference if malignant else None
    score = malignant.score if malignant else None
    return {
        "attribute": subgroup.attribute,
        "subgroup": name_subgroup(subgroup),
        "num_images": subgroup.num_images,
        "num_groups": subgroup.num_groups,
        "balanced_accuracy": subgroup.score.value,
        "low": subgroup.score.low,
        "high": subgroup.score.high,
        "beyond_noise": subgroup.is_beyond_noise,
        "lead_over_others": difference.value if difference else None,
        "weighted_lead_over_others": difference.weighted_value if difference else None,
        "p_adjusted": difference.p_adjusted if difference else None,
        "num_malignant_images": malignant.num_images if malignant else None,
        "num_malignant_groups": malignant.num_groups if malignant else None,
        "sensitivity": score.value if score else None,
        "sensitivity_low": score.low if score else None,
        "sensitivity_high": score.high if score else None,
        "sensitivity_beyond_noise": malignant.is_beyond_noise if malignant else None,
        "sensitivity_lead_over_others": found.weighted_value if found else None,
        "sensitivity_p_adjusted": found.p_adjusted if found else None,
    }


def print_accuracies(accuracies: Subgroups, min_groups: int) -> None:
    """Print the balanced accuracies, and how many subgroups have too few groups; or that there are none."""
    if accuracies.num_left_out:
        print(
            f"{accuracies.num_left_out} subgroups are not scored: they have fewer than {min_groups} patients or "
            "lesions (evaluation.min_subgroup_groups)"
        )
    if accuracies.scored:
        print_subgroups(accuracies, "balanced accuracy", "images")
    else:
        print(
            "no subgroup is scored: no age, sex, site or other property is known of enough independent images "
            f"(evaluation.min_subgroup_groups: {min_groups})"
        )


def print_sensitivities(sensitivities: Subgroups | None, min_malignant_groups: int) -> None:
    """Print the sensitivities, and how many subgroups have too few malignant groups; or that there are none."""
    if sensitivities is None:
        print(
            "the sensitivity of subgroups is not computed, because there is no threshold for malignancy, or it "
            "calls every image malignant"
        )
        return
    if sensitivities.num_left_out:
        print(
            f"{sensitivities.num_left_out} subgroups have no sensitivity: they have fewer than "
            f"{min_malignant_groups} malignant patients or lesions (evaluation.min_malignant_groups)"
        )
    if sensitivities.scored:
        print_subgroups(sensitivities, "sensitivity", "malignant images")


def print_subgroups(subgroups: Subgroups, score: str, images: str) -> None:
    """Print one line per subgroup, and how low the lowest score is by chance."""
    names = (Column("subgroup", no_wrap=True), images, score, Column("95 % interval", no_wrap=True))
    table = Table(*names, "", box=None, padding=(0, 1, 0, 0))
    for subgroup in subgroups.scored:
        table.add_row(
            name_subgroup(subgroup),
            f"{subgroup.num_images:,}",
            f"{subgroup.score.value:.3f}",
            spell_bounds(subgroup.score),
            "significant" if subgroup.is_beyond_noise else "",
        )
    print_table(table)
    print(
        f"the lowest {score} of {len(subgroups.scored)} subgroups is {subgroups.lowest.score.value:.3f}; if no "
        f"subgroup differs, it is about {subgroups.lowest_by_chance:.3f} by chance"
    )


if __name__ == "__main__":
    run_stage(main)
