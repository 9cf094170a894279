"""Pretrain the backbone of a model whose `weights` are `pretrained`, without labels, on the training images alone.

    python -m stages.pretrain --code data/code/pretrain.json --model resnet18 --recipe data/pretraining/resnet18.json
        --images data/images.npy --metadata data/metadata.csv --splits data/splits.csv
        --pretrained data/pretrained/resnet18

For all other models the folder is empty, and the stage takes a second. What pretraining gains: docs/pretraining.md.
"""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from lesions.formats.atomic import atomic_folder
from lesions.formats.json_file import read_json, write_plot_rows
from lesions.formats.sha256 import hash_file
from lesions.hardware.disk import check_writable
from lesions.images.opening import open_images
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.section import read_section
from lesions.stage.code import check_code_unchanged
from lesions.stage.inputs import check_unchanged
from lesions.stage.resuming import find_resume_folder
from lesions.stage.run import run_stage
from lesions.tables.splits import read_split_metadata
from lesions.training.pretraining_recipe import read_pretraining

HISTORY = "history.json"
"""The file in the folder with the loss of each epoch."""

COLLAPSED_STD = 0.1
"""Projections that are less spread are said to have collapsed: the network then sees hardly any difference."""


def main(
    code: Annotated[Path, typer.Option(help="The code that this stage reaches, from trace_code.")],
    model: Annotated[str, typer.Option(help="The name of the model whose backbone is pretrained.")],
    recipe: Annotated[Path, typer.Option(help="How it is pretrained, or null, from resolve_recipes.")],
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row per image, of which no diagnosis is read.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    pretrained: Annotated[
        Path, typer.Option(help="Written: a folder with the backbone and its history, or with nothing.")
    ],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Pretrain the backbone of `model` on the training images, if its recipe is not null."""
    resolved = read_pretraining(recipe)
    if resolved is None:
        with atomic_folder(pretrained):
            print(f"nothing to pretrain: architectures.{model}.weights is not pretrained", flush=True)
        return
    # These load torch, which takes seconds.
    from lesions.networks.pretrained_backbone import FILE, PretrainedMetadata, write_backbone
    from lesions.training.pretraining import pretrain_backbone, set_up_pretraining
    from lesions.training.resume import fingerprint, hold_resume_file

    check_writable(find_resume_folder() / "state", pretrained / FILE)
    hashes = {path: hash_file(path) for path in (images, metadata, splits)}
    table = read_split_metadata(metadata, splits, columns=["image_id", "row"])
    rows = table.row[table.split == "train"].to_numpy()
    hardware = read_section(params, "hardware", HardwareParameters)
    pretraining = set_up_pretraining(model, resolved, open_images(images, params), rows, hardware)
    key = fingerprint(
        code=read_json(code),
        recipe=resolved.model_dump(),
        inputs={path.name: sha256 for path, sha256 in hashes.items()},
        versions={name: version(name) for name in ("numpy", "timm", "torch", "torchvision")},
        computed_on=pretraining.computed_on,
    )
    with hold_resume_file(find_resume_folder(), key) as resume:
        weights, entries = pretrain_backbone(pretraining, resume)
        # Checked before the state is removed, so that pretraining can resume from it once an edit is undone.
        check_code_unchanged(code)
        check_unchanged(hashes, "pretrain")
        last = entries[-1]
        if last["projection_std"] < COLLAPSED_STD:
            print(
                f"warning: the projections of {model} have collapsed: they have {last['projection_std']:.2f} of the "
                "standard deviation of evenly spread directions; lower pretraining.learning_rate",
                file=sys.stderr,
                flush=True,
            )
        about = PretrainedMetadata(
            backbone=resolved.architecture.backbone,
            size_px=resolved.architecture.size_px,
            num_epochs=len(entries),
            loss=last["loss"],
            projection_std=last["projection_std"],
        )
        with atomic_folder(pretrained) as folder:
            write_backbone(folder / FILE, weights, about)
            write_plot_rows(folder / HISTORY, entries)
        resume.remove()


if __name__ == "__main__":
    run_stage(main, with_torch=True)
