"""Draw what each kind of augmentation does to one image: python -m docs.draw_augmentation IMAGES PICTURE."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from lesions.images.cache import read_cache
from lesions.transforms.artefacts import draw_hairs
from lesions.transforms.augmentation import DRAWS, augment_images
from lesions.transforms.crops import draw_crops
from lesions.transforms.mixing import MIXING_DRAWS, mix_images
from lesions.transforms.parameters import AugmentationParameters
from lesions.transforms.preprocessing import Preprocessing

LARGEST = {
    "rotation_degrees": 180,
    "zoom": 0.3,
    "shift": 0.2,
    "brightness": 0.4,
    "contrast": 0.5,
    "saturation": 0.8,
    "hue_degrees": 40,
    "colour_cast": 0.3,
    "hairs": 12,
    "blur": 0.04,
    "cutout": 0.6,
}
"""Larger changes than anyone would train with, so that they are visible."""

DRAWN = {
    "rotation_degrees": ("angle",),
    "shift": ("shift_x", "shift_y"),
    "hue_degrees": ("hue",),
    "colour_cast": ("red", "green"),
}
"""The draws of a kind of change, if their names differ from its own."""

COLUMNS = 7
SIZE_PX = 96


def main(images: Path, picture: Path) -> None:
    """Save the plot for the first two images of a cache."""
    pixels = np.array(read_cache(images)[:2])
    plot_augmentation(Preprocessing(SIZE_PX).prepare(torch.from_numpy(pixels))).savefig(picture, dpi=60)


def plot_augmentation(images: Tensor) -> Figure:
    """Return a plot with one row per kind of change, for the first of two images (2, 3, H, W) from 0 to 1."""
    rows = {name: change_image(images[:1], name) for name in LARGEST} | {
        name: mix_first_image(Preprocessing(SIZE_PX).resize(images), name) for name in ("mixup", "cutmix")
    }
    figure, axes = plt.subplots(
        len(rows),
        COLUMNS,
        figsize=(8.4, len(rows)),
        gridspec_kw={"left": 0.17, "right": 1, "bottom": 0, "top": 1, "wspace": 0.02, "hspace": 0.02},
    )
    for (name, changed), row in zip(rows.items(), axes, strict=True):
        label = (
            f"{name.removesuffix('_degrees').replace('_', ' ')}\nup to {LARGEST[name]}" if name in LARGEST else name
        )
        row[0].set_ylabel(label, rotation="horizontal", ha="right", va="center", fontsize=12)
        for image, axis in zip(changed, row, strict=True):
            axis.imshow(image.permute(1, 2, 0).numpy())
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
    return figure


def change_image(image: Tensor, name: str) -> Tensor:
    """Return the image with one kind of change, from its smallest draw to its largest, (COLUMNS, 3, H, W)."""
    nothing = dict.fromkeys(AugmentationParameters.model_fields, 0) | {"common_strength": 1, "rare_strength": 1}
    whole = {"mirror": "none", "crop_area": None, "crop_aspect": None}
    parameters = AugmentationParameters.model_validate(nothing | whole | {name: LARGEST[name]})
    draws = torch.zeros(COLUMNS, len(DRAWS))
    for drawn in DRAWN.get(name, (name,)):
        draws[:, DRAWS.index(drawn)] = torch.linspace(-1, 1, COLUMNS) * (-1 if drawn == "green" else 1)
    crops = torch.from_numpy(draw_crops(COLUMNS, area=None, aspect=None, seed=0, epoch=0))
    hairs = torch.from_numpy(draw_hairs(1, parameters.max_hairs, seed=0, epoch=0)).expand(COLUMNS, -1, -1)
    batch = image.expand(COLUMNS, -1, -1, -1)
    return augment_images(
        batch,
        draws,
        crops=crops,
        hairs=hairs,
        strengths=torch.ones(COLUMNS),
        parameters=parameters,
        preprocessing=Preprocessing(SIZE_PX),
    )


def mix_first_image(images: Tensor, name: str) -> Tensor:
    """Return the first image mixed with an increasing share of the second, up to half, (COLUMNS, 3, H, W)."""
    mixed = []
    for share in torch.linspace(1, 0.5, COLUMNS):
        draws = torch.tensor([share, share, 0.4, 0.4, 0.0]).expand(2, len(MIXING_DRAWS))
        alphas = {"mixup_alpha": float(name == "mixup"), "cutmix_alpha": float(name == "cutmix")}
        mixed.append(mix_images(images, torch.eye(2), draws, **alphas)[0][0])
    return torch.stack(mixed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
