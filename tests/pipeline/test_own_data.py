"""DVC and the pipeline take data of the user's own, or say what is wrong with them."""

from pathlib import Path

import pytest
from PIL import Image

from tests.repository import copy_repository, stages_run


@pytest.mark.slow
def test_a_broken_dataset_stops_with_its_reason(tmp_path: Path) -> None:
    repository = copy_repository(tmp_path)
    images = repository.root / "data/raw/own/HAM10000_images_part_1"
    images.mkdir(parents=True)
    Image.linear_gradient("L").resize((50, 40)).save(images / "one.jpg")
    (images / "two.jpg").write_bytes((images / "one.jpg").read_bytes()[:-20])
    rows = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
    rows += [f"l{n},{name},mel,histo,40,male,back" for n, name in enumerate(["one", "two"])]
    (images.parent / "HAM10000_metadata.csv").write_text("\n".join(rows))
    repository.run("lesions", "preset", "ham10000", "--root", "data/raw/own")
    done = repository.run("dvc", "repro", "prepare_metadata", check=False)
    assert done.returncode != 0
    assert "HAM10000_metadata.csv: 1 of 2 rows refused, dataset.max_rejected_fraction is 0.01:" in done.stdout
    assert "1 × file: broken image: image file is truncated" in done.stdout
    assert "two" in (repository.root / "data/rejected.csv").read_text()


@pytest.mark.slow
def test_the_embedded_dataset_goes_and_comes_back_with_its_name(tmp_path: Path) -> None:
    repository = copy_repository(tmp_path)
    folder = repository.root / "data/raw/synthetic"
    repository.dvc("repro", "generate_synthetic")
    drawn = sorted(folder.rglob("*"))
    assert len(drawn) == 153
    repository.run("lesions", "preset", "ham10000", "--root", "data/raw/own")
    repository.dvc("repro", "generate_synthetic")
    assert list(folder.iterdir()) == []
    assert stages_run(repository.dvc("repro", "generate_synthetic")) == []
    repository.run("lesions", "preset", "tiny", "--reset")
    assert "is cached" in repository.dvc("repro", "generate_synthetic")
    assert sorted(folder.rglob("*")) == drawn


def test_data_of_ones_own_can_be_added_to_dvc(tmp_path: Path) -> None:
    repository = copy_repository(tmp_path)
    folder = repository.root / "data/raw/own"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("data")
    repository.dvc("add", "data/raw/own")
    listed = repository.run("git", "status", "--porcelain", "--untracked-files=all").stdout
    assert "data/raw/own.dvc" in listed
    assert "a.txt" not in listed
