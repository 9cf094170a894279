"""List the classes of the task, compute a weight for each from its training images, and plot their distribution."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from matplotlib.figure import Figure

from lesions.drawing.style import SPLIT_COLOURS, new_figure, spell, write_figure
from lesions.parameters.section import read_section
from lesions.splitting.class_weights import ClassWeightParameters, compute_class_weights
from lesions.stage.run import run_stage
from lesions.tables.classes import Classes, write_classes
from lesions.tables.splits import EXTERNAL, SPLITS, read_split_metadata
from lesions.tables.task import TaskParameters, encode_diagnoses


def main(
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    classes: Annotated[Path, typer.Option(help="Written: classes, training images and weights.")],
    distribution: Annotated[Path, typer.Option(help="Written: plot of the classes in each split.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Compute class weights from the training images alone, and plot the classes of all three splits."""
    parameters = read_section(params, "class_weights", ClassWeightParameters)
    table = read_split_metadata(metadata, splits)
    task = read_section(params, "task", TaskParameters)
    # Raises if a class has no image to learn from; external images may add diagnoses to a class, but no class.
    task.group(table.diagnosis[table.split != EXTERNAL])
    grouped = task.group(table.diagnosis)
    codes = encode_diagnoses(table.diagnosis, list(grouped.values()))
    counts = pd.crosstab(codes, table.split)[list(SPLITS)].set_axis(list(grouped))
    weights = compute_class_weights(counts.train.to_numpy(), parameters)
    write_classes(
        classes,
        Classes(
            classes=tuple(grouped),
            diagnoses=tuple(grouped.values()),
            num_images=tuple(counts.train.tolist()),
            weights=tuple(weights.tolist()),
        ),
    )
    write_figure(distribution, plot_class_distribution(counts))


def plot_class_distribution(counts: pd.DataFrame) -> Figure:
    """Plot one bar per class and split: the class's share of the split's images, labelled with their number."""
    ordered = counts.loc[counts.sum(axis=1).sort_values().index]
    figure, axes = new_figure(width=7.0, height=1.2 + 0.55 * len(ordered))
    height = 0.8 / len(SPLITS)
    for position, split in enumerate(SPLITS):
        percent = 100 * ordered[split] / ordered[split].sum()
        offset = (1 - position) * height
        bars = axes.barh(
            [row + offset for row in range(len(ordered))],
            percent,
            height,
            color=SPLIT_COLOURS[split],
            label=f"{split} ({ordered[split].sum():,} images)",
        )
        axes.bar_label(bars, [f"{n:,}" for n in ordered[split]], padding=3, fontsize=7)
    axes.set_yticks(range(len(ordered)), [spell(name) for name in ordered.index])
    axes.set_xlabel("images of the split (%); the label is their number")
    axes.set_title("Classes in each split")
    axes.margins(x=0.08)
    axes.legend(loc="lower right")
    return figure


if __name__ == "__main__":
    run_stage(main)
