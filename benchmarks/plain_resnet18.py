"""Train a ResNet-18 with the script that a competent user would write, to compare it with the preset's ResNet-18.

It uses the same split: ResNet-18 with ImageNet weights at 128 px, 15 epochs of AdamW with one-cycle, class weights,
flips and rotation, images decoded by a DataLoader in every epoch, float32, and the weights of the last epoch. It
shares no code with the pipeline except the format of the predictions.

    python -m benchmarks.plain_resnet18 --root /path/to/ham10000 \
        --weights /path/to/resnet18-imagenet1k-v1.pth --predictions plain.csv
"""

import resource
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
import typer
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import models, transforms

from lesions.tables.predictions import Predictions, write_predictions

SIZE_PX = 128
NUM_EPOCHS = 15
BATCH_SIZE = 64
NORMALISE = [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]


class Images(Dataset[tuple[Tensor, int]]):
    """Image files with their classes."""

    def __init__(self, root: Path, table: pd.DataFrame, classes: list[str], changes: list[nn.Module]) -> None:
        self.files = [root / file for file in table.file]
        self.labels = [classes.index(diagnosis) for diagnosis in table.diagnosis]
        self.transform = transforms.Compose([transforms.Resize((SIZE_PX, SIZE_PX)), *changes, *NORMALISE])

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.open(self.files[index]).convert("RGB")), self.labels[index]


def main(
    root: Annotated[Path, typer.Option(help="Folder of HAM10000.")],
    weights: Annotated[Path, typer.Option(help="torchvision's ImageNet weights of ResNet-18.")],
    predictions: Annotated[Path, typer.Option(help="Written: predictions for the test images.")],
    metadata: Annotated[Path, typer.Option(help="From the pipeline.")] = Path("data/metadata.csv"),
    splits: Annotated[Path, typer.Option(help="From the pipeline.")] = Path("data/splits.csv"),
    seed: Annotated[int, typer.Option(help="Seed of weights, order and augmentation.")] = 0,
    num_workers: Annotated[int, typer.Option(help="Number of processes that decode images.")] = 2,
    *,
    flips: Annotated[bool, typer.Option(help="Average each test image's logits over its four flips.")] = False,
) -> None:
    """Train and predict; print how long the training took."""
    torch.manual_seed(seed)
    table = pd.read_csv(metadata).merge(pd.read_csv(splits), on="image_id")
    train, test = table[table.split == "train"], table[table.split == "test"].reset_index(drop=True)
    classes = sorted(train.diagnosis.unique())
    changes = [
        transforms.RandomHorizontalFlip(),
        transforms.RandomVerticalFlip(),
        transforms.RandomRotation(180),
    ]
    loader = DataLoader(
        Images(root, train, classes, changes),
        BATCH_SIZE,
        shuffle=True,
        num_workers=num_workers,
        persistent_workers=True,
    )

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = models.resnet18()
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.fc = nn.Linear(network.fc.in_features, len(classes))
    network.to(device)
    counts = train.diagnosis.value_counts()[classes].to_numpy()
    class_weights = torch.tensor(counts.sum() / (len(classes) * counts), dtype=torch.float32)
    loss_function = nn.CrossEntropyLoss(class_weights.to(device))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=NUM_EPOCHS * len(loader))

    started = time.perf_counter()
    for epoch in range(1, NUM_EPOCHS + 1):
        network.train()
        losses = []
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = loss_function(network(inputs.to(device)), labels.to(device))
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {np.mean(losses):.3f}, {time.perf_counter() - started:.0f} s", flush=True)
    wall = time.perf_counter() - started
    own = resource.getrusage(resource.RUSAGE_SELF)

    network.eval()
    with torch.inference_mode():
        batches = DataLoader(Images(root, test, classes, []), BATCH_SIZE)
        logits = torch.cat([predict(network, inputs.to(device), flips=flips).cpu() for inputs, _ in batches]).numpy()
    y_true = np.array([classes.index(diagnosis) for diagnosis in test.diagnosis])
    write_predictions(predictions, Predictions(test, tuple(classes), y_true, logits))
    del loader  # ends its workers, whose time is counted only once they have ended
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime
    print(f"trained in {wall:.0f} s, {cpu:.0f} s of CPU time")


def predict(network: nn.Module, inputs: Tensor, *, flips: bool) -> Tensor:
    """Return logits; with flips, the mean over the image itself, mirrored, upside down, and both."""
    axes = ((), (3,), (2,), (2, 3)) if flips else ((),)
    return torch.stack([network(inputs.flip(flipped)) for flipped in axes]).mean(dim=0)


if __name__ == "__main__":
    typer.run(main)
