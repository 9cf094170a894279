"""Draw what one network sees in its mistakes and in the melanomas that it finds, and check what the maps are worth.

    python -m stages.explain --code data/code/explain@resnet18.json --model resnet18
        --checkpoint data/checkpoints/resnet18.safetensors --images data/images.npy --metadata data/metadata.csv
        --predictions data/predictions/resnet18.csv --pictures data/pictures/resnet18 --maps data/maps/resnet18
        --metrics metrics/resnet18/explain.json

A map is of the class that the network calls the image, of the image as it is, without other views. The check removes
and inserts parts of up to 100 test images of as many groups: 1,400 predictions, seconds for a small network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lesions.evaluation.faithfulness import RIM, Faithfulness, describe_faithfulness
from lesions.evaluation.mistakes import list_found
from lesions.evaluation.seal import SEALED, SENTENCE, is_sealed
from lesions.formats.atomic import atomic_folder
from lesions.formats.json_file import read_json, write_json, write_metrics
from lesions.hardware.device import choose_memory_format, set_up_device
from lesions.images.opening import open_images
from lesions.images.shards import Images
from lesions.networks.checkpoint import read_checkpoint
from lesions.networks.checkpoint_checks import check_checkpoint
from lesions.networks.classifier import Classifier
from lesions.networks.explainer import Explainer
from lesions.networks.faithfulness import measure_areas, measure_rim, shuffle_maps
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.section import read_section
from lesions.serving.maps import draw_overlay
from lesions.stage.run import run_stage
from lesions.tables.metadata import read_metadata
from lesions.tables.predictions import Predictions, read_predictions
from lesions.transforms.preprocessing import Preprocessing

NUM_CHECKED = 100
"""Most images on which maps are checked."""

BATCH_SIZE = 50

Codes = NDArray[np.int64]


def main(
    model: Annotated[str, typer.Option(help="The name of the model.")],
    checkpoint: Annotated[Path, typer.Option(help="The trained network.")],
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    predictions: Annotated[Path, typer.Option(help="The model's calibrated predictions.")],
    pictures: Annotated[Path, typer.Option(help="Folder with the pictures of its mistakes, and their list.")],
    maps: Annotated[Path, typer.Option(help="Written: a folder with the maps, and the melanomas that it finds.")],
    metrics: Annotated[Path, typer.Option(help="Written: what the maps are worth.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Explain the mistakes and what is found of the gravest class; while the test images are sealed, nothing."""
    hardware = read_section(params, "hardware", HardwareParameters)
    device = set_up_device("cpu", num_threads=hardware.num_threads, numerics=hardware.numerics)
    network, about = read_checkpoint(checkpoint, device)
    check_checkpoint(checkpoint, about, model=model, inputs=(images, metadata))
    table = read_predictions(predictions).with_metadata(read_metadata(metadata))
    preprocessing = Preprocessing(about.architecture.size_px, about.mean, about.std)
    explainer = Explainer(network, preprocessing.size_px)
    if explainer.method is None or is_sealed(table):
        print(SENTENCE if is_sealed(table) else f"{model} has no maps: its network has no feature maps")
        with atomic_folder(maps) as folder:
            write_json(folder / "found.json", [])
        write_metrics(metrics, {"method": explainer.method} | (SEALED if is_sealed(table) else {}))
        return
    test = table.select("test")
    seen = Seen(explainer, preprocessing, open_images(images, params))
    with atomic_folder(maps) as folder:
        write_mistaken(folder, seen, read_json(pictures / "mistakes.json"), table.classes)
        write_json(folder / "found.json", write_found(folder, seen, test))
    faithfulness = check_maps(network, seen, test)
    summary = faithfulness.summarise()
    write_metrics(metrics, {"method": explainer.method, **summary})
    print(describe_faithfulness(explainer.method, summary))


@dataclass(frozen=True)
class Seen:
    """What a network sees in the images of the cache, `pixels`, (N, H, W, 3) uint8."""

    explainer: Explainer
    preprocessing: Preprocessing
    pixels: Images

    def prepare(self, rows: Codes) -> Tensor:
        """Return the inputs (B, 3, S, S) of the network for some rows."""
        batch = self.preprocessing.prepare(torch.from_numpy(self.pixels[rows]))
        inputs = self.preprocessing.normalise(self.preprocessing.resize(batch))
        return inputs.contiguous(memory_format=choose_memory_format(inputs.device))

    def draw(self, row: int, code: int) -> Image.Image:
        """Draw the map of one image for a class over it."""
        (explained,) = self.explainer.explain(self.prepare(np.array([row])), torch.tensor([code]))
        return draw_overlay(self.pixels[row], explained.numpy())


def write_mistaken(folder: Path, seen: Seen, mistakes: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> None:
    """Write the map of each picture of a mistake, under the name of the picture."""
    for mistake in mistakes:
        seen.draw(mistake["row"], classes.index(mistake["predicted"])).save(folder / mistake["picture"])


def write_found(folder: Path, seen: Seen, test: Predictions) -> list[dict[str, Any]]:
    """Write pictures and maps of images that are rightly called the gravest class, and return their list."""
    listed = []
    for rank, index in enumerate(list_found(test), start=1):
        row, code = int(test.images.row.iloc[index]), int(test.y_pred[index])
        picture, drawn = f"found_{rank:02d}.png", f"found_{rank:02d}_map.png"
        Image.fromarray(seen.pixels[row]).save(folder / picture)
        seen.draw(row, code).save(folder / drawn)
        probability = float(test.confidence[index])
        listed.append({"picture": picture, "map": drawn, "row": row, "probability": probability})
    return listed


def check_maps(network: Classifier, seen: Seen, test: Predictions) -> Faithfulness:
    """Check the maps of test images, one of each group, up to `NUM_CHECKED`."""
    checked = test.draw_one_per_group(seed=0)
    chosen = np.random.default_rng(0).permutation(len(checked.y_true))[:NUM_CHECKED]
    rows, called = checked.images.row.to_numpy()[chosen], torch.from_numpy(checked.y_pred[chosen])
    generator, parts = torch.Generator().manual_seed(0), []
    for first in range(0, len(rows), BATCH_SIZE):
        inputs, classes = seen.prepare(rows[first : first + BATCH_SIZE]), called[first : first + BATCH_SIZE]
        maps = seen.explainer.explain(inputs, classes)
        own, shuffled = measure_areas(network, inputs, classes, [maps, shuffle_maps(maps, generator)])
        gains = (shuffled.deletion - own.deletion, own.insertion - shuffled.insertion)
        parts.append(torch.stack([*gains, measure_rim(maps, inputs.shape[-1], RIM)]))
    return Faithfulness(*torch.cat(parts, dim=1).double().numpy())


if __name__ == "__main__":
    run_stage(main, with_torch=True)
