"""A small run whose backbone is pretrained: its images, tables and recipe, without a pipeline."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesions.stage.code import Code, write_code
from lesions.tables.csv_table import write_table
from lesions.tables.metadata import COLUMNS
from lesions.tables.splits import write_splits
from lesions.training.parameters import PretrainingParameters
from lesions.training.pretraining_recipe import PretrainingRecipe, write_pretraining
from stages import pretrain
from tests.builders import HARDWARE, PHASE, WriteParams, metadata_table, small_timm

SPLITS = ["train"] * 20 + ["val"] * 4 + ["test"] * 4 + ["external"] * 2 + ["dropped"] * 2
NUM_EPOCHS = 2


def draw_pixels(seed: int = 0) -> NDArray[np.uint8]:
    """One image of noise for each of `SPLITS`."""
    return np.random.default_rng(seed).integers(0, 256, (len(SPLITS), 36, 36, 3)).astype(np.uint8)


def small_recipe(size_px: int = 32, **changes: Any) -> PretrainingRecipe:
    """How timm's smallest EfficientNet is pretrained for two epochs of three steps."""
    parameters: dict[str, Any] = {"seed": 0, "num_epochs": NUM_EPOCHS, "batch_size": 6, "learning_rate": 0.01}
    pretraining = PretrainingParameters(**parameters | changes)
    architecture = small_timm(
        weights="pretrained",
        size_px=size_px,
        head_widths=(8,),
        head_batch_norm=True,
        learning_rate=pretraining.learning_rate,
        phases=(PHASE.model_copy(update={"num_epochs": pretraining.num_epochs}),),
    )
    return PretrainingRecipe(architecture=architecture, pretraining=pretraining, precision="float32")


def write_run(
    folder: Path, recipe: PretrainingRecipe | None, pixels: NDArray[np.uint8], diagnosis: str = "nevus"
) -> None:
    """Write the inputs of the stage."""
    np.save(folder / "images.npy", pixels)
    table = metadata_table([diagnosis] * len(SPLITS))
    write_table(folder / "metadata.csv", table[COLUMNS], sort_by="image_id")
    write_splits(folder / "splits.csv", table[["image_id"]].assign(group_id=table.lesion_id, split=SPLITS))
    write_pretraining(folder / "recipe.json", recipe)
    write_code(folder / "code.json", Code(files={}, packages={}))


def list_paths(folder: Path) -> tuple[Path, Path, Path, Path, Path]:
    """The arguments of the stage, beside its code, its model and its parameter file."""
    inputs = (folder / "recipe.json", folder / "images.npy", folder / "metadata.csv", folder / "splits.csv")
    return (*inputs, folder / "pretrained")


def run_pretraining(folder: Path, write_params: WriteParams) -> None:
    """Run the stage in this process."""
    pretrain.main(folder / "code.json", "net", *list_paths(folder), params=write_params(hardware=HARDWARE))


def read_outputs(folder: Path) -> dict[str, bytes]:
    """The bytes of the backbone and of the history."""
    return {file.name: file.read_bytes() for file in (folder / "pretrained").iterdir()}
