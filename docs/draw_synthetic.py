"""Draw a contact sheet of a synthetic dataset: python docs/draw_synthetic.py DATASET PICTURE."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

COLUMNS = 10


def main(dataset: Path, picture: Path) -> None:
    """Save the contact sheet of a dataset in HAM10000's layout."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    plot_contact_sheet(dataset).savefig(picture, dpi=75)


def plot_contact_sheet(dataset: Path) -> Figure:
    """Return a figure with a row for each diagnosis: the first images of as many different lesions."""
    metadata = pd.read_csv(dataset / "HAM10000_metadata.csv").drop_duplicates("lesion_id")
    files = {path.stem: path for path in dataset.glob("HAM10000_images_part_*/*.jpg")}
    diagnoses = sorted(metadata.dx.unique())
    figure, axes = plt.subplots(
        len(diagnoses),
        COLUMNS,
        figsize=(COLUMNS, len(diagnoses)),
        squeeze=False,
        gridspec_kw={"left": 0.04, "right": 1, "bottom": 0, "top": 1, "wspace": 0.02, "hspace": 0.02},
    )
    for diagnosis, row in zip(diagnoses, axes, strict=True):
        row[0].set_ylabel(diagnosis)
        for axis in row:
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        for image_id, axis in zip(metadata.image_id[metadata.dx == diagnosis], row, strict=False):
            axis.imshow(Image.open(files[image_id]))
    return figure


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
