"""Tests that the stage writes HAM10000's layout completely or not at all, with the same bytes every time."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from ruamel.yaml import YAML

from lesions.errors import InputError
from stages import generate_synthetic
from tests.builders import dataset_section

SYNTHETIC = dataset_section("data/raw/synthetic", "synthetic")


def write_params(
    folder: Path, *, num_images: int = 150, size_px: int = 32, seed: int = 1, dataset: dict[str, Any] = SYNTHETIC
) -> Path:
    path = folder / f"params_{num_images}_{size_px}_{seed}.yaml"
    drawn = {"num_images": num_images, "size_px": size_px, "seed": seed}
    YAML(typ="safe", pure=True).dump({"generate_synthetic": drawn, "dataset": dataset}, path)
    return path


def hash_files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    generate_synthetic.main(folder / "synthetic", write_params(folder))
    return folder / "synthetic"


def test_the_layout_is_that_of_ham10000_with_patients(dataset: Path) -> None:
    text = (dataset / "HAM10000_metadata.csv").read_bytes().decode("utf-8")
    assert text.startswith("lesion_id,image_id,dx,dx_type,age,sex,localization,patient_id\n")
    assert "\r" not in text
    metadata = pd.read_csv(dataset / "HAM10000_metadata.csv", dtype=str, keep_default_na=False)
    assert metadata["age"].str.fullmatch(r"(\d+\.0)?").all()
    assert metadata["patient_id"].str.fullmatch(r"SYN_P\d{4}").all()

    parts = {folder.name: sorted(path.stem for path in folder.iterdir()) for folder in dataset.glob("*_part_*")}
    assert {name: len(stems) for name, stems in parts.items()} == {
        "HAM10000_images_part_1": 75,
        "HAM10000_images_part_2": 75,
    }
    assert sorted(stem for stems in parts.values() for stem in stems) == list(metadata["image_id"])


def test_images_are_jpegs_of_the_given_size(dataset: Path) -> None:
    with Image.open(dataset / "HAM10000_images_part_1" / "SYN_0000001.jpg") as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (32, 32))


def test_running_twice_writes_the_same_bytes_with_any_number_of_threads(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    generate_synthetic.main(tmp_path / "again", write_params(tmp_path))
    assert hash_files(tmp_path / "again") == hash_files(dataset)


def test_another_seed_writes_other_images(dataset: Path, tmp_path: Path) -> None:
    generate_synthetic.main(tmp_path / "other", write_params(tmp_path, seed=2))
    before, after = hash_files(dataset), hash_files(tmp_path / "other")
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


def test_a_smaller_cohort_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"generate_synthetic\.num_images: expected at least 150, got 149"):
        generate_synthetic.main(tmp_path / "small", write_params(tmp_path, num_images=149))


@pytest.mark.parametrize(
    ("changes", "is_drawn"),
    [
        ({"names": ["ham10000"]}, False),
        ({"names": ["image_folder"]}, False),
        ({"names": ["ham10000"], "external": ["isic2019"]}, False),
        ({"names": ["ham10000"], "external": ["synthetic"]}, True),
        ({"names": ["ham10000", "synthetic"]}, True),
    ],
)
def test_nothing_is_drawn_if_no_dataset_is_synthetic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], is_drawn: bool
) -> None:
    folder = tmp_path / "synthetic"
    generate_synthetic.main(folder, write_params(tmp_path))
    root = "data/raw" if len(changes["names"] + changes.get("external", [])) > 1 else "data/raw/mine"
    params = write_params(tmp_path, size_px=33, dataset=dataset_section(root) | changes)
    generate_synthetic.main(folder, params)
    assert len(list(folder.rglob("*.jpg"))) == (150 if is_drawn else 0)
    assert any(folder.iterdir()) == is_drawn
    said = "nothing to draw: synthetic is neither in dataset.names nor in dataset.external"
    assert (said in capsys.readouterr().out) != is_drawn


def test_an_interrupted_run_leaves_no_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []

    def interrupt(**names: object) -> None:
        rendered.append(names)
        raise KeyboardInterrupt

    monkeypatch.setattr(generate_synthetic, "render_image", interrupt)
    params = write_params(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        generate_synthetic.main(tmp_path / "synthetic", params)
    assert rendered
    assert list(tmp_path.iterdir()) == [params]


def test_an_interrupted_run_keeps_the_last_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = write_params(tmp_path)
    generate_synthetic.main(tmp_path / "synthetic", params)
    before = hash_files(tmp_path / "synthetic")
    monkeypatch.setattr(generate_synthetic, "render_image", lambda **names: None)
    with pytest.raises(AttributeError):
        generate_synthetic.main(tmp_path / "synthetic", params)
    assert hash_files(tmp_path / "synthetic") == before
