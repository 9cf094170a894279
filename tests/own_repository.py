"""A folder of images by diagnosis, and repositories of one's own that `lesions init` makes from it."""

from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner, Result

from lesions.command_line.app import commands
from tests.repository import Repository

WORDS = ("nv", "mel")
"""The folders: a nevus is light with dark spots, a melanoma is dark."""


def write_images(folder: Path, *, num_per_diagnosis: int = 6, words: tuple[str, ...] = WORDS) -> Path:
    """Write images of noise around another colour for each diagnosis, and return the folder."""
    rng = np.random.default_rng(0)
    for number, word in enumerate(words):
        (folder / word).mkdir(parents=True)
        for image in range(num_per_diagnosis):
            coarse = rng.integers(0, 120, (6, 6, 3), np.uint8) + np.uint8(60 * number)
            pixels = np.kron(coarse, np.ones((8, 8, 1), np.uint8)) + rng.integers(0, 40, (48, 48, 3), np.uint8)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / word / f"{word}_{image}.png")
    return folder


def init(*arguments: str | Path) -> Result:
    """Call `lesions init`, with its output and its errors as one text."""
    return CliRunner().invoke(commands, ["init", *map(str, arguments)])


def make_repository(folder: Path) -> Repository:
    """Make a repository of one's own in a folder, and commit it."""
    images = write_images(folder.with_name(f"{folder.name} images"))
    assert init(folder, "--images", images).exit_code == 0
    repository = Repository(folder)
    repository.set_identity()
    repository.commit("Start")
    return repository
