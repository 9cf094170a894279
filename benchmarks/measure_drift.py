"""Measure what `lesions drift` finds in altered images, in those of another dataset, and where nothing has changed.

The run is one on HAM10000, with a model that it exported. The new images are test images of some of its groups, saved
again, saved worse and made brighter; all test images; and PAD-UFES-20. For the false alarms, groups of validation and
test are drawn at random as reference and as new images, many times.

    python -m benchmarks.measure_drift --data data --model data/exports/resnet18/model.onnx --images /path/to/ham10000
        --pad-ufes-20 /path/to/pad_ufes_20 --work /path/to/scratch
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from PIL import Image, ImageEnhance
from rich.progress import track
from scipy.stats import binomtest

from lesions.drift import comparison
from lesions.drift.attributes import read_attributes
from lesions.drift.findings import compare_sets
from lesions.drift.image_set import ImageSet, measure_files, measure_reference
from lesions.hardware.processors import count_processors
from lesions.serving.model import load_model
from lesions.serving.sources import list_sources
from lesions.stage.failure import one_paragraph_errors
from lesions.tables.splits import read_split_metadata

NUM_ALTERED_GROUPS = 450
NUM_DRAWS = 200
NUM_PERMUTATIONS = 499
NUM_REFERENCE_GROUPS, NUM_NEW_GROUPS = 240, 120

ATTRIBUTES = ["age_years", "sex", "site"]

ALTERATIONS: dict[str, tuple[str, Callable[[Image.Image, Path], None]]] = {
    "JPEG, quality 95": (".jpg", lambda image, path: image.save(path, quality=95)),
    "JPEG, quality 30": (".jpg", lambda image, path: image.save(path, quality=30)),
    "5 % brighter": (".png", lambda image, path: ImageEnhance.Brightness(image).enhance(1.05).save(path)),
}
"""The suffix of the new file, and what writes it."""


def main(
    data: Annotated[Path, typer.Option(help="Folder data/ of a run on HAM10000.")],
    model: Annotated[Path, typer.Option(help="A model that it exported.")],
    images: Annotated[Path, typer.Option(help="Folder of HAM10000.")],
    pad_ufes_20: Annotated[Path, typer.Option(help="Folder of PAD-UFES-20.")],
    work: Annotated[Path, typer.Option(help="Folder to create for altered images.")],
) -> None:
    """Print in how many properties drift is found and how large it is, and the share of false alarms."""
    loaded = load_model(model)
    reference = measure_reference(data, loaded)
    test = read_split_metadata(data / "metadata.csv", data / "splits.csv").query("split == 'test'")
    tables = {**write_altered(test, images, work), "PAD-UFES-20": write_pad_ufes_20(pad_ufes_20, work)}
    tables["all test images"] = write_table(
        test.assign(file=[images / file for file in test.file]), work / "test.csv"
    )
    for name, table in tables.items():
        listed = list_sources([str(table)], group_by="group_id", standard_input=sys.stdin.buffer)
        attributes = read_attributes(str(table), listed.files)
        new = measure_files(listed.files, attributes, loaded, num_workers=count_processors())
        findings = compare_sets(loaded.id, reference, new, is_grouped=True)
        print(f"{name}: {len(new.table)} images of {new.table.group_id.nunique()} groups")
        print(f"  drift in {len(findings.found)} of {len(findings.differences)} properties")
        for found in findings.found:
            each = findings.differences[found]
            print(f"  {found}: {each.distance:.3f} ({each.low:.3f} to {each.high:.3f}), p {each.p_holm:.4f}")
    print(count_false_alarms(reference, new))


def write_altered(test: pd.DataFrame, images: Path, work: Path) -> dict[str, Path]:
    """Alter the test images of some groups in each way; return a table of each."""
    chosen = test.group_id.drop_duplicates().sample(NUM_ALTERED_GROUPS, random_state=0)
    some = test[test.group_id.isin(chosen)]
    tables = {}
    for name, (suffix, write) in ALTERATIONS.items():
        folder = work / name
        folder.mkdir(parents=True)
        files = [folder / f"{Path(file).stem}{suffix}" for file in some.file]
        for file, path in zip(some.file, files, strict=True):
            with Image.open(images / file) as image:
                write(image.convert("RGB"), path)
        tables[name] = write_table(some.assign(file=list(map(str, files))), folder.with_suffix(".csv"))
    return tables


def write_pad_ufes_20(root: Path, work: Path) -> Path:
    """Write a table of the photographs that are there."""
    table = pd.read_csv(root / "metadata.csv")
    files = {path.name: path for path in root.rglob("*.png")}
    there = table[table.img_id.isin(files)]
    columns = {"patient_id": "group_id", "age": "age_years", "gender": "sex", "region": "site"}
    return write_table(there.assign(file=there.img_id.map(files)).rename(columns=columns), work / "pad.csv")


def write_table(rows: pd.DataFrame, path: Path) -> Path:
    """Write a table for `lesions drift`."""
    rows[["file", "group_id", *ATTRIBUTES]].to_csv(path, index=False)
    return path


def count_false_alarms(first: ImageSet, second: ImageSet) -> str:
    """Count how often drift is found between groups that are drawn at random from both sets."""
    comparison.NUM_PERMUTATIONS, comparison.NUM_RESAMPLES = NUM_PERMUTATIONS, 2  # intervals are not asked for
    table = pd.concat([first.table, second.table], ignore_index=True)
    embeddings = np.concatenate([first.embeddings, second.embeddings])
    generator, groups, num_alarms = np.random.default_rng(0), table.group_id.unique(), 0
    for _ in track(range(NUM_DRAWS), "false alarms"):
        drawn = generator.choice(groups, NUM_REFERENCE_GROUPS + NUM_NEW_GROUPS, replace=False)
        sides = []
        for of_side in np.split(drawn, [NUM_REFERENCE_GROUPS]):
            rows = table.group_id.isin(of_side).to_numpy()
            sides.append(ImageSet(table[rows].reset_index(drop=True), embeddings[rows], {}))
        num_alarms += bool(compare_sets("", *sides, is_grouped=True).found)
    bounds = binomtest(num_alarms, NUM_DRAWS).proportion_ci(method="exact")
    share = num_alarms / NUM_DRAWS
    return f"false alarms: {num_alarms} of {NUM_DRAWS} draws, {share:.1%} ({bounds.low:.1%} to {bounds.high:.1%})"


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
