"""Tests that the stage writes HAM10000's layout completely or not at all, with the same bytes every time."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from lesions.errors import InputError
from stages import generate_synthetic


def write_params(folder: Path, *, num_images: int = 150, size_px: int = 32, seed: int = 1) -> Path:
    path = folder / f"params_{num_images}_{size_px}_{seed}.yaml"
    path.write_text(
        f"generate_synthetic:\n  num_images: {num_images}\n  size_px: {size_px}\n  seed: {seed}\n",
        encoding="utf-8",
    )
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
