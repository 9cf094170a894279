"""The disk and memory that `lesions check` says a run needs are within a quarter of what its stages take."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lesions.hardware.processors import count_processors
from lesions.images.chunks import CHUNK, CHUNK_BYTES
from lesions.parameters.overlay import lay_over
from lesions.preflight.needs import Disk, Memory, estimate_caching, estimate_disk
from lesions.preflight.training_memory import MemoryTally
from lesions.synthetic.cohort import SyntheticParameters
from tests.repository import copy_repository

TABLE_STAGES = ("cache_images", "prepare_metadata", "find_near_duplicates", "split_by_patient")
CHECK = "from lesions.command_line.app import app; app()"


def run(folder: Path, *arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_every_stage_takes_the_estimated_disk_and_memory(tmp_path: Path) -> None:
    """In processes of their own, as memory is counted by process; batches of one network take as much as torch."""
    repository = copy_repository(tmp_path)
    overlay = {
        "cache_images": {"size_px": 150},
        "training": {"batch_size": 100},
        "architectures": {"custom_cnn": {"size_px": 128, "widths": [32, 64]}},
    }
    lay_over(repository.root / "params.yaml", overlay)
    checked = run(repository.root, "-c", CHECK, "check")
    said = dict(re.findall(r"memory of (.*?) {2,}([\d,]+) MB", checked))
    repository.dvc("repro", "predict")
    for stage, megabytes in said.items():
        timing = json.loads((repository.root / f".timings/{stage.replace(' ', '@')}.json").read_text())
        taken = timing["peak_memory_mib"] * 2**20 / 1e6
        assert float(megabytes.replace(",", "")) == pytest.approx(taken, rel=0.25), stage
    written = sum(
        path.stat().st_size for folder in ("data", ".dvc/cache") for path in (repository.root / folder).rglob("*")
    )
    said_of_disk = re.search(r"disk {2,}([\d,]+) MB", checked)
    assert said_of_disk
    assert float(said_of_disk[1].replace(",", "")) == pytest.approx(written / 1e6, rel=0.25)
    networks = ["predict custom_cnn", "predict resnet18", "train custom_cnn", "train resnet18"]
    assert sorted(said) == sorted([*TABLE_STAGES, *networks])


def test_disk_holds_outputs_twice_and_two_training_states() -> None:
    rendered = SyntheticParameters(num_images=150, size_px=100, seed=0)
    disk = estimate_disk(10, 1_000_000, rendered, weights_bytes=[100_000, 4_000_000], weights_in_state=5)
    outputs = 1_000_000 + 4_100_000 + 10 * 1024 + 3 * 2**20
    assert disk == Disk(2 * (outputs + 150 * 3_300), 10 * 4_000_000)
    without = estimate_disk(10, 1_000_000, None, weights_bytes=[100_000, 4_000_000], weights_in_state=5)
    assert without == Disk(2 * outputs, 10 * 4_000_000)
    assert str(disk) == "18 MB, half of it DVC's copies; 40 MB more during a training"


def test_tensors_are_counted_while_they_are_live() -> None:
    with MemoryTally() as tally:
        first = torch.zeros(1000)
        second = first + 1  # 8,000 bytes
        del first
        view = second.view(10, 100)
        view.mul_(2)
        del second
        assert tally.peak_bytes == 8000
        third = view + view  # the first one is gone
        assert tally.peak_bytes == 8000
        torch.cat([view.flatten(), third.flatten()])
    assert tally.peak_bytes == 16000


def test_activations_are_live_until_the_gradient_is_computed() -> None:
    layers = nn.Sequential(nn.Linear(100, 100, bias=False), nn.Sigmoid(), nn.Sigmoid())
    inputs = torch.ones(50, 100)
    with MemoryTally() as tally, torch.no_grad():
        layers(inputs)
    assert tally.peak_bytes == 2 * 50 * 100 * 4
    with MemoryTally() as tally:
        layers(inputs).sum().backward()
    # Both outputs of sigmoids and the gradient of one; without the tally of what is kept it would be two tensors.
    assert tally.peak_bytes >= 3 * 50 * 100 * 4


def test_the_largest_image_counts_at_its_decoded_size(tmp_path: Path) -> None:
    pixels = Image.fromarray(np.zeros((800, 1600, 3), dtype=np.uint8))
    pixels.save(tmp_path / "a.png")
    pixels.save(tmp_path / "a.jpg")
    without = estimate_caching(10, 100, None).num_bytes
    png, jpg = (
        estimate_caching(10, 100, tmp_path / file).num_bytes
        - without
        - count_processors() * CHUNK * (tmp_path / file).stat().st_size
        for file in ("a.png", "a.jpg")
    )
    # A JPEG is decoded at an eighth of its sides: 200 × 100.
    assert png == 64 * jpg > 0


@pytest.mark.parametrize(
    ("num_bytes", "held"),
    [(0, 0), (1000, 32_000), (CHUNK_BYTES // 2, CHUNK_BYTES), (2 * CHUNK_BYTES, 2 * CHUNK_BYTES)],
)
def test_each_thread_holds_a_few_files(num_bytes: int, held: int, tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(num_bytes)
    more = estimate_caching(10, 100, tmp_path / "a.jpg").num_bytes - estimate_caching(10, 100, None).num_bytes
    assert more == count_processors() * held


def test_pages_of_the_cache_are_reported_separately() -> None:
    assert str(Memory(1_200_000_000)) == "1,200 MB"
    assert str(Memory(1_200_000_000, 660_000_000)) == "1,200 MB, 660 MB of it pages of the image cache"
