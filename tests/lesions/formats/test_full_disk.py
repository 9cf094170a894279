"""Tests that a full disk leaves the old file, and that the error names it and says how to continue."""

import sys
from pathlib import Path

import pytest

from tests.builders import slow
from tests.small_disk import needs_small_disk, run_on_small_disk

WRITE_TWICE = """
import sys
from pathlib import Path
import numpy as np
import torch
from lesions.stage.failure import one_paragraph_errors
from lesions.formats.atomic import write_text
from lesions.networks.tensor_file import write_tensor_file
from lesions.images.cache import image_row, write_cache

def write_images(path, size):
    images = np.ones((size // 30_000, 100, 100, 3), np.uint8)
    with write_cache(path, len(images), image_row(100)) as cache:
        cache.write(range(len(images)), images)

write = {
    "text": lambda path, size: write_text(path, "x" * size),
    "tensors": lambda path, size: write_tensor_file(path, {"a": torch.zeros(size // 4)}, key="k", text="t"),
    "images": write_images,
}[sys.argv[1]]
path = Path("small/file")
with one_paragraph_errors():
    write(path, 300_000)
    before = path.read_bytes()
    try:
        write(path, 3_000_000)
    finally:
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]
"""


@needs_small_disk
@pytest.mark.parametrize("kind", ["text", slow("tensors"), slow("images")])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, kind: str) -> None:
    done = run_on_small_disk(tmp_path, "1m", sys.executable, "-c", WRITE_TWICE, kind)
    assert done.returncode == 1
    assert done.stderr == (
        "error: small/file: No space left on device. All earlier files are complete, and no partial file is left: "
        "make room (`dvc gc --workspace` removes from DVC's cache what no current file needs) and run the same "
        "command again; a training resumes after its last finished epoch\n"
    )
