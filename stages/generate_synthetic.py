"""Draw the embedded demonstration dataset: invented patients and dermoscopy-like images of their lesions."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from PIL import Image

from lesions.datasets.parameters import DatasetParameters
from lesions.formats.atomic import atomic_folder
from lesions.hardware.processors import count_processors
from lesions.parameters.section import read_section
from lesions.stage.progress import show_progress
from lesions.stage.run import run_stage
from lesions.synthetic.cohort import SyntheticParameters, draw_cohort
from lesions.synthetic.render import render_image

JPEG_QUALITY = 90
IMAGE_FOLDERS = ("HAM10000_images_part_1", "HAM10000_images_part_2")


def main(
    dataset: Annotated[Path, typer.Option(help="Written: a folder in HAM10000's layout, with patients.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Draw the cohort, then render each image from its own random stream; draw nothing if no dataset is synthetic."""
    parameters = read_section(params, "generate_synthetic", SyntheticParameters)
    if "synthetic" not in read_section(params, "dataset", DatasetParameters).all_names:
        with atomic_folder(dataset):
            print("nothing to draw: synthetic is neither in dataset.names nor in dataset.external")
        return
    cohort = draw_cohort(num_images=parameters.num_images, seed=parameters.seed)
    with atomic_folder(dataset) as folder:
        write_images(folder, cohort, parameters)
        cohort.to_csv(folder / "HAM10000_metadata.csv", index=False, lineterminator="\n")


def write_images(folder: Path, cohort: pd.DataFrame, parameters: SyntheticParameters) -> None:
    """Render all images of the cohort, half of them into each of HAM10000's two folders."""
    for name in IMAGE_FOLDERS:
        (folder / name).mkdir()
    rows = cohort.to_dict("records")

    def write_image(number: int) -> None:
        row = rows[number]
        pixels = render_image(
            diagnosis=row["dx"],
            patient_id=row["patient_id"],
            lesion_id=row["lesion_id"],
            image_id=row["image_id"],
            size_px=parameters.size_px,
            seed=parameters.seed,
        )
        part = IMAGE_FOLDERS[len(IMAGE_FOLDERS) * number // len(rows)]
        Image.fromarray(pixels).save(folder / part / f"{row['image_id']}.jpg", quality=JPEG_QUALITY)

    with ThreadPoolExecutor(count_processors()) as threads:
        for _ in show_progress(threads.map(write_image, range(len(rows))), "rendering", total=len(rows)):
            pass


if __name__ == "__main__":
    run_stage(main)
