"""Each mistake has a map, and so has what is found; nothing is said of sealed images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesions.formats.json_file import read_json
from lesions.tables.predictions import read_predictions, write_predictions
from stages import explain
from tests.repository import Repository


def run_explain(root: Path, model: str, folder: Path) -> None:
    explain.main(
        model=model,
        checkpoint=root / f"data/checkpoints/{model}.safetensors",
        images=root / "data/images.npy",
        metadata=root / "data/metadata.csv",
        predictions=root / f"data/predictions/{model}.csv",
        pictures=root / f"data/pictures/{model}",
        maps=folder / "maps",
        metrics=folder / "explain.json",
        params=root / "params.yaml",
    )


def test_each_mistake_has_a_map_and_what_is_found_is_rightly_called(tiny: Repository, tmp_path: Path) -> None:
    run_explain(tiny.root, "resnet18", tmp_path)
    mistakes = read_json(tiny.root / "data/pictures/resnet18/mistakes.json")
    assert mistakes
    found = read_json(tmp_path / "maps/found.json")
    pictures = {each["picture"] for each in mistakes} | {each[key] for each in found for key in ("picture", "map")}
    assert {path.name for path in (tmp_path / "maps").iterdir()} == pictures | {"found.json"}
    for each in mistakes:
        photo, drawn = (
            np.asarray(Image.open(folder / each["picture"]))
            for folder in (tiny.root / "data/pictures/resnet18", tmp_path / "maps")
        )
        assert photo.shape == drawn.shape
        assert (photo[..., 2].astype(int) >= drawn[..., 2]).all()  # yellow takes blue away
    test = read_predictions(tiny.root / "data/predictions/resnet18.csv").select("test")
    rightly = (test.y_pred == test.y_true) & (test.y_true == test.classes.index("melanoma"))
    assert len(found) == min(24, rightly.sum())
    assert read_json(tmp_path / "explain.json")["num_images"] == min(100, test.images.group_id.nunique())


def test_the_same_run_gives_the_same_maps(tiny: Repository, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run_explain(tiny.root, "custom_cnn", tmp_path / name)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()} for name in "ab"
    )
    assert first == second


def test_of_sealed_test_images_there_is_no_map(
    copy: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = copy.root / "data/predictions/custom_cnn.csv"
    predictions = read_predictions(table).select("val")
    table.unlink()
    write_predictions(table, predictions)
    run_explain(copy.root, "custom_cnn", tmp_path)
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["found.json"]
    assert read_json(tmp_path / "maps/found.json") == []
    assert read_json(tmp_path / "explain.json") == {"method": "class activation maps", "schema": 1, "sealed": True}
    assert "The test images are sealed" in capsys.readouterr().out
