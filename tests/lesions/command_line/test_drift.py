"""`lesions drift` on files, as a user calls it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.drift import comparison
from lesions.formats.sha256 import hash_file
from lesions.tables.csv_table import write_table
from lesions.tables.metadata import COLUMNS
from lesions.tables.splits import write_splits
from tests.builders import metadata_table
from tests.served import SIZE_PX, build_manifest, write_model

NUM_RUN = 60
"""Images of the run; the second half is for validation."""


def draw_image(generator: np.random.Generator, *, brightness: float = 0.5) -> np.ndarray:
    """Draw noise around a random colour."""
    colour = np.clip(generator.normal(brightness, 0.08, 3), 0.05, 0.95) * 255
    return np.clip(generator.normal(colour, 12, (SIZE_PX, SIZE_PX, 3)), 0, 255).astype(np.uint8)


def write_new(folder: Path, number: int, *, seed: int = 1, brightness: float = 0.5) -> None:
    generator = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    for at in range(number):
        Image.fromarray(draw_image(generator, brightness=brightness)).save(folder / f"photo_{at}.png")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run's data and its model, in which the program is called."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(comparison, "NUM_PERMUTATIONS", 499)
    monkeypatch.setattr(comparison, "NUM_RESAMPLES", 100)
    data = tmp_path / "data"
    data.mkdir()
    generator = np.random.default_rng(0)
    np.save(data / "images.npy", np.stack([draw_image(generator) for _ in range(NUM_RUN)]))
    table = metadata_table(
        ["nevus"] * NUM_RUN,
        image_id=[f"SECRET_{n}" for n in range(NUM_RUN)],
        age_years=generator.integers(20, 80, NUM_RUN).tolist(),
        sex=(["female", "male", None] * NUM_RUN)[:NUM_RUN],
        width_px=[SIZE_PX] * NUM_RUN,
        height_px=[SIZE_PX] * NUM_RUN,
    )
    write_table(data / "metadata.csv", table[COLUMNS], sort_by="image_id")
    splits = ["train"] * (NUM_RUN // 2) + ["val"] * (NUM_RUN // 2)
    write_splits(data / "splits.csv", table.assign(group_id=[f"g{n}" for n in range(NUM_RUN)], split=splits))
    hashes = {name: hash_file(data / name) for name in ("images.npy", "metadata.csv", "splits.csv")}
    manifest = build_manifest(hashes={"checkpoints": {}, "data": hashes, "code": "0" * 64})
    write_model(tmp_path / "model.onnx", manifest)
    return tmp_path


def drift(*arguments: str) -> Any:
    return CliRunner().invoke(commands, ["drift", *arguments, "--model", "model.onnx"])


def refuse(message: str, *arguments: str) -> None:
    done = drift(*arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert not Path("report").exists()


def read(name: str = "report/drift") -> Any:
    return json.loads(Path(name, "drift.json").read_text())


def test_images_like_those_of_the_run_have_no_drift() -> None:
    write_new(Path("new"), 40)
    done = drift("new")
    assert (done.exit_code, done.stderr.count("error")) == (0, 0)
    found = read()
    assert found["found"] == []
    assert found["untested"] == ["age_years", "sex", "site"]
    assert found["reference"] == {"split": "val", "num_images": 30, "num_groups": 30, "num_refused": 0}
    assert found["new"] == {"num_images": 40, "num_groups": 40, "num_refused": 0, "is_grouped": False}
    assert "No drift found in 9 properties." in done.stdout
    assert "each counts as a group of its own" in done.stdout


def test_paths_on_standard_input_are_typed_from_where_the_program_is_called(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "dvc.yaml").touch()
    (folder / ".dvc").mkdir()
    write_new(folder / "new", 40)
    monkeypatch.chdir(folder / "new")
    names = "".join(f"{path.name}\n" for path in sorted(Path().iterdir()))
    done = CliRunner().invoke(commands, ["drift", "-", "--model", "../model.onnx"], input=names)
    assert done.exit_code == 0, done.output
    assert read(str(folder / "report/drift"))["new"]["num_images"] == 40


def test_brighter_images_are_found_by_their_brightness_and_the_least_alike_are_named() -> None:
    write_new(Path("new"), 40, brightness=0.75)
    done = drift("new")
    assert done.exit_code == 3
    found = read()
    assert {"brightness", "embedding"} <= {*found["found"]}
    assert {"width_px", "height_px"}.isdisjoint(found["found"])
    assert found["properties"]["brightness"]["distance"] > 0.6
    assert len(found["most_unlike"]) == 20
    scores = [each["out_of_distribution"] for each in found["most_unlike"]]
    assert scores == sorted(scores, reverse=True)
    assert found["most_unlike"][0]["file"].startswith("new/photo_")


def test_nothing_that_is_written_names_images_of_the_run_or_loads_from_elsewhere() -> None:
    write_new(Path("new"), 12)
    drift("new", "--output", "out")
    page = Path("out/index.html").read_text()
    for text in (page, Path("out/drift.json").read_text()):
        assert "SECRET" not in text
        assert "patient_" not in text
    assert "default-src 'none'" in page
    assert page.count("<svg") == 9


def test_a_table_gives_age_sex_and_groups_and_unknown_cells_are_counted() -> None:
    write_new(Path("new"), 20)
    rows = [
        f"new/photo_{n}.png,L{n // 2},{'unknown' if n < 3 else 90 + n / 10},{'Female' if n % 2 else ''}"
        for n in range(20)
    ]
    Path("table.csv").write_text("file,lesion,age_years,sex\n" + "\n".join(rows) + "\n")
    assert drift("table.csv", "--group-by", "lesion").exit_code == 3
    found = read()
    assert found["untested"] == ["site"]
    assert (found["new"]["num_groups"], found["new"]["is_grouped"]) == (10, True)
    age, sex = found["properties"]["age_years"], found["properties"]["sex"]
    assert (age["num_new"], age["new"]["num_unknown"], age["is_found"]) == (17, 3, True)
    assert (sex["num_new"], sex["new"]["shares"]) == (10, {"female": 1.0})
    assert sex["reference"]["num_unknown"] == 10


def test_files_that_cannot_be_read_are_counted_and_named() -> None:
    write_new(Path("new"), 12)
    Path("new/photo_3.png").write_bytes(b"no image")
    done = drift("new")
    assert "refused: new/photo_3.png: " in done.stdout
    assert "1 files could not be read as an image, and are not compared." in done.stdout
    assert [*read()["refused"]] == ["new/photo_3.png"]
    assert read()["new"]["num_images"] == 11


def test_the_same_images_give_the_same_bytes() -> None:
    write_new(Path("new"), 12)
    drift("new", "--output", "one")
    drift("new", "--output", "two", "--workers", "1")
    for name in ("index.html", "drift.json"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()


def test_data_that_are_missing_or_another_run_s_are_refused() -> None:
    write_new(Path("new"), 3)
    refuse(
        "elsewhere/images.npy: there is no such file; new images are compared with", "new", "--reference", "elsewhere"
    )
    with Path("data/splits.csv").open("a") as file:
        file.write("other,g9,val\n")
    refuse("data/splits.csv: is not the one that custom_cnn@", "new")


def test_what_cannot_be_compared_is_refused() -> None:
    refuse("none: there is no such file or folder", "none")
    Path("new").mkdir()
    Path("new/broken.jpg").write_bytes(b"no image")
    refuse("none of 1 files can be read as an image; new/broken.jpg: ", "new")
    write_new(Path("new"), 2)
    Path("table.csv").write_text("file,age_years\nnew/photo_0.png,40\nnew/photo_1.png,about 50\n")
    refuse("table.csv, line 3, column age_years: expected a number from 0 to 120, got 'about 50'", "table.csv")
    refuse("--group-by lesion: 'new' is no table", "new", "--group-by", "lesion")
