"""`lesions doubts`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesions.command_line.folds import OUTPUT as FOLDS
from lesions.command_line.options import PARAMS
from lesions.errors import InputError, quote_value
from lesions.tables.run_files import CLASSES, IMAGES, METADATA, SPLITS, check_made

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from lesions.baselines.out_of_fold import OutOfFold
    from lesions.images.shards import Images

OUTPUT = Path("data/doubts")

ADVICE = (
    "Nothing was dropped or changed. Let somebody judge these images again who knows neither label nor suggestion, "
    "with images among them that are not doubted, and in train, val and test alike: to drop or relabel test images "
    "because a model doubts them flatters the model."
)


def doubts(
    model: Annotated[
        str | None,
        typer.Option(help="A listed model; by default the first that has folds, else the first with weights."),
    ] = None,
    num_images: Annotated[int, typer.Option(min=1, max=400, help="Number of images on the contact sheet.")] = 40,
) -> None:
    """List the images whose label is doubted by a model that has not seen their group; change nothing."""
    # These import scikit-learn and cleanlab; the other commands start without them.
    from lesions.baselines.out_of_fold import find_out_of_fold
    from lesions.drawing.style import write_figure
    from lesions.evaluation.doubts import rank_doubts, write_doubts
    from lesions.hardware.numerics import restart_portably
    from lesions.images.opening import open_images
    from lesions.parameters.hardware import HardwareParameters
    from lesions.parameters.models import read_models
    from lesions.parameters.section import read_section
    from lesions.tables.classes import read_classes
    from lesions.tables.labelled_images import read_labelled_images

    if read_section(PARAMS, "hardware", HardwareParameters).numerics == "portable":
        restart_portably()
    check_made(IMAGES, METADATA, SPLITS, CLASSES)
    listed = read_models(PARAMS)
    if model is not None and model not in listed:
        raise InputError(f"--model: {PARAMS} lists {', '.join(listed)}, and not {quote_value(model)}")
    known = read_classes(CLASSES)
    table, others = read_labelled_images(METADATA, SPLITS, known.diagnoses)
    print(f"{len(table):,} images of {table.group_id.nunique():,} groups in train, val and test", end="")
    print("".join(f"; not looked at: {number:,} {split}" for split, number in others.items()), flush=True)
    models = listed if model is None else [model]
    found = find_out_of_fold(models, table, known.classes, pooled=FOLDS, images=IMAGES, params=PARAMS)
    ranked = rank_doubts(found.predictions)
    write_doubts(OUTPUT / "doubts.csv", ranked)
    write_figure(OUTPUT / "doubts.png", plot_doubts(ranked, open_images(IMAGES, PARAMS), num_images))
    print_doubts(ranked, found)


def plot_doubts(ranked: "pd.DataFrame", pixels: "Images", num_images: int) -> "Figure":
    """Plot the first images of the list, known by their row: an image_id may contain the name of a patient."""
    from lesions.drawing.contact_sheet import plot_contact_sheet
    from lesions.drawing.style import spell

    shown = ranked.head(num_images)
    words = [
        [
            f"row {doubt.row}, {doubt.split}",
            f"label: {spell(doubt.label)}, {doubt.prob_label:.2f}",
            f"looks like: {spell(doubt.looks_like)}, {doubt.prob_looks_like:.2f}",
        ]
        for _, doubt in shown.iterrows()
    ]
    title = (
        f"{len(shown):,} of {len(ranked):,} images, the most doubted label first; {ranked.is_doubted.sum():,} are "
        "doubted.\nEach has its row in data/metadata.csv, and the model's probability of either class."
    )
    return plot_contact_sheet([pixels[row] for row in shown.row], words, title)


def print_doubts(ranked: "pd.DataFrame", found: "OutOfFold") -> None:
    """Print which predictions doubt how many labels, and how often each pair of classes."""
    from lesions.evaluation.doubts import count_pairs

    doubted = ranked[ranked.is_doubted]
    print(found.source)
    for note in found.notes:
        print(note)
    print(f"{len(doubted):,} of {len(ranked):,} labels are doubted ({len(doubted) / len(ranked):.1%})")
    for label, other, number in count_pairs(doubted):
        print(f"  {label} that looks like {other}: {number:,}")
    print(f"{OUTPUT}/doubts.csv ranks all images; {OUTPUT}/doubts.png shows the first")
    print(ADVICE)
