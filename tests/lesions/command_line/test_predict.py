"""`lesions predict` on files, as a user calls it."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars
import pytest
from PIL import Image
from typer.testing import CliRunner

from lesions.command_line.app import commands
from tests.builders import ROOT
from tests.rights import OBEYING_RIGHTS, needs_rights
from tests.served import CLASSES, build_manifest, write_image, write_model

PROGRAM = "from lesions.command_line.app import app; app()"

COLUMNS = [
    *("file", "status", "reason", "diagnosis", *(f"prob_{name}" for name in CLASSES), "malignancy"),
    *("is_called_malignant", "prediction_set", "abstains", "out_of_distribution", "model"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, images of two lesions and a table of them, in which the program is called."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "model.onnx")
    for name, colour in {"red": (220, 40, 40), "green": (60, 200, 50), "blue": (40, 60, 210)}.items():
        write_image(tmp_path / f"images/{name}.png", colour)
    (tmp_path / "table.csv").write_text(
        "file,lesion\nimages/red.png,L1\nimages/green.png,L2\nimages/missing.png,L1\nimages/blue.png,L2\n"
    )
    return tmp_path


def predict(*arguments: str, piped: bytes | None = None) -> Any:
    return CliRunner().invoke(commands, ["predict", *arguments, "--model", "model.onnx"], input=piped)


def refuse(message: str, *arguments: str) -> None:
    done = predict(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.split())


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def list_names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def test_without_output_a_pipe_gets_csv_and_nothing_else() -> None:
    done = predict("images")
    assert done.exit_code == 0
    rows = read(done.stdout)
    assert list(rows[0]) == COLUMNS
    assert [(row["file"], row["diagnosis"]) for row in rows] == [
        ("images/blue.png", "vascular_lesion"),
        ("images/green.png", "nevus"),
        ("images/red.png", "melanoma"),
    ]
    red = rows[2]
    assert (red["status"], red["reason"], red["abstains"]) == ("ok", "", "false")
    assert (red["is_called_malignant"], red["prediction_set"]) == ("true", "melanoma")
    assert red["malignancy"] == red["prob_melanoma"]
    assert "3 images: 3 ok, 0 not like the training images, 0 refused; the model abstains for 0" in done.stderr
    assert "predicting: 3 of 3, " in done.stderr
    assert " images/s, 0 s left" in done.stderr


def test_each_format_has_the_same_rows_in_the_order_given() -> None:
    for suffix in ("csv", "jsonl", "parquet"):
        done = predict("table.csv", "--output", f"out/rows.{suffix}")
        assert (done.exit_code, done.stdout) == (3, "")
    assert list_names("out") == ["rows.csv", "rows.jsonl", "rows.parquet"]
    of_json = [json.loads(line) for line in Path("out/rows.jsonl").read_text().splitlines()]
    of_csv, of_parquet = read(Path("out/rows.csv").read_text()), polars.read_parquet("out/rows.parquet")
    assert of_parquet.columns == list(of_csv[0]) == COLUMNS
    for nested, text, flat in zip(of_json, of_csv, of_parquet.to_dicts(), strict=True):
        assert nested["file"] == text["file"] == flat["file"]
        assert nested["status"] == text["status"] == flat["status"]
        for name in CLASSES:
            number = nested["probabilities"].get(name)
            assert flat[f"prob_{name}"] == number
            assert text[f"prob_{name}"] == ("" if number is None else str(number))
        assert flat["prediction_set"] == nested["prediction_set"]
        assert flat["is_called_malignant"] == nested["is_called_malignant"]
    assert [row["file"] for row in of_csv] == [f"images/{name}.png" for name in ("red", "green", "missing", "blue")]
    assert (of_csv[2]["status"], of_csv[2]["reason"]) == ("refused", "there is no such file")
    assert {of_csv[2][name] for name in COLUMNS[3:-1]} == {""}


def test_groups_have_a_file_of_their_own() -> None:
    assert predict("table.csv", "--output", "rows.csv", "--group-by", "lesion").exit_code == 3
    images, groups = (read(Path(name).read_text()) for name in ("rows.csv", "rows-by-lesion.csv"))
    assert [row["group"] for row in groups] == ["L1", "L2"]
    assert [(row["num_images"], row["num_refused"]) for row in groups] == [("2", "1"), ("2", "0")]
    assert float(groups[1]["malignancy"]) == pytest.approx(
        sum(float(images[row]["malignancy"]) for row in (1, 3)) / 2, abs=1e-12
    )
    assert predict("images", "--output", "rows.parquet", "--group-by", "folder").exit_code == 0
    assert polars.read_parquet("rows-by-folder.parquet")["group"].to_list() == ["images"]


def test_all_refused_is_nothing_done_and_says_why() -> None:
    Path("a.jpg").write_text("text")
    done = predict("a.jpg", "missing.png", "--output", "rows.csv")
    assert done.exit_code == 2
    rows = read(Path("rows.csv").read_text())
    assert [row["reason"] for row in rows] == ["not an image", "there is no such file"]


def test_standard_input_names_files() -> None:
    done = predict("-", piped=b"images/red.png\nimages/blue.png\n")
    assert [row["diagnosis"] for row in read(done.stdout)] == ["melanoma", "vascular_lesion"]


def test_min_confidence_overrides_the_file() -> None:
    rows = [read(predict("images", "--min-confidence", value).stdout) for value in ("0", "1")]
    assert [[row["abstains"] for row in each] for each in rows] == [["false"] * 3, ["true"] * 3]


def test_odd_names_are_whole_in_every_format_and_no_formula() -> None:
    names = ["=1+1.png", "-a.png", 'a\nb,".png', "a\rb.png", os.fsdecode(b"\xff.png"), "ü.png"]
    for name in names:
        write_image(Path("odd") / name)
    os.chdir("odd")
    listed = b"".join(os.fsencode(name) + b"\n" for name in names if "\n" not in name)
    arguments = ["predict", "-", 'a\nb,".png', "--model", "../model.onnx", "--output"]
    for suffix in ("csv", "jsonl", "parquet"):
        done = CliRunner().invoke(commands, [*arguments, f"../odd.{suffix}"], input=listed, catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
    plain = ["=1+1.png", "-a.png", "a\rb.png", "\\xff.png", "ü.png", 'a\nb,".png']
    with open("../odd.csv", encoding="utf-8", newline="") as file:  # noqa: PTH123
        of_csv = [row["file"] for row in csv.DictReader(file)]
    assert of_csv == ["./=1+1.png", "./-a.png", *plain[2:]]
    assert [json.loads(line)["file"] for line in Path("../odd.jsonl").read_text().splitlines()] == plain
    assert polars.read_parquet("../odd.parquet")["file"].to_list() == plain


def test_a_folder_with_an_odd_name_is_a_group_in_every_format() -> None:
    write_image(Path(os.fsdecode(b"\xff"), "a.png"))
    for suffix in ("csv", "jsonl", "parquet"):
        listed = b"\xff/a.png\n"
        done = predict("-", "--group-by", "folder", "--output", f"rows.{suffix}", piped=listed)
        assert done.exit_code == 0, done.stderr
    (row,) = read(Path("rows-by-folder.csv").read_text())
    assert row["group"] == json.loads(Path("rows-by-folder.jsonl").read_text())["group"] == "\\xff"
    assert polars.read_parquet("rows-by-folder.parquet")["group"].to_list() == ["\\xff"]


def test_a_group_is_no_formula() -> None:
    Path("table.csv").write_text("file,lesion\nimages/red.png,=1+1\n=x/blue.png,-2\n")
    write_image(Path("=x/blue.png"))
    for column, groups in {"lesion": ["./=1+1", "./-2"], "folder": ["images", "./=x"]}.items():
        assert predict("table.csv", "--group-by", column, "--output", "rows.csv").exit_code == 0
        assert [row["group"] for row in read(Path(f"rows-by-{column}.csv").read_text())] == groups


def test_overlays_have_harmless_names_that_differ() -> None:
    write_image(Path("a/../x y.png"))
    done = predict("images/red.png", "images/red.png", "x y.png", "missing.png", "--explain", "maps")
    assert done.exit_code == 3
    assert list_names("maps") == ["000001-red.png", "000002-red.png", "000003-x_y.png"]
    with Image.open("maps/000001-red.png") as overlay:
        assert overlay.size == (16, 16)


def test_bad_calls_do_nothing_and_say_what_to_do(folder: Path) -> None:
    Path("file").write_text("")
    Path("empty").mkdir()
    refuse("empty: no image files in this folder or below it", "empty")
    refuse(
        "rows.txt: the suffix decides the format; expected .csv, .jsonl, .parquet, got '.txt'",
        "images",
        "--output",
        "rows.txt",
    )
    refuse("--resume: only a run with --output can be resumed", "images", "--resume")
    refuse("--group-by: gives a second table; name an --output", "images", "--group-by", "folder")
    refuse(
        "is a file, and file/000001-image.png is to be written below it; move it away", "images", "--explain", "file"
    )
    refuse("table.csv: is a source too, which the output would replace", "table.csv", "--output", "table.csv")
    refuse("file: is a file, and file/rows.csv is to be written below it", "images", "--output", "file/rows.csv")
    write_model(folder / "model.onnx", has_maps=False)
    refuse("has no maps, because its network does not say", "images", "--explain", "maps")
    Path("model.onnx").write_text("text")
    refuse("model.onnx: not an ONNX file; export the model", "images")
    assert list_names(".") == ["empty", "file", "images", "model.onnx", "table.csv"]


def test_parquet_without_polars_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refuse('Parquet needs the package polars: pip install "lesions[parquet]"', "images", "--output", "a.parquet")


@needs_rights
def test_a_folder_that_may_not_be_written_is_refused_before_any_work(folder: Path) -> None:
    (folder / "closed").mkdir(mode=0o500)
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        *["predict", "images", "--model", "model.onnx", "--output", "closed/a.csv"],
    ]
    done = subprocess.run(
        [*OBEYING_RIGHTS, *command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 2
    assert "no right to write in this folder, where closed/a.csv is to be written" in " ".join(done.stderr.split())


def test_a_terminal_gets_a_table() -> None:
    arguments = ["predict", "table.csv", "--model", "model.onnx", "--group-by", "lesion"]
    in_terminal = "import pty, sys; sys.exit(pty.spawn([sys.executable, '-c', *sys.argv[1:]]) >> 8)"
    done = subprocess.run(
        [sys.executable, "-c", in_terminal, PROGRAM, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "150", "TERM": "dumb"},
        check=False,
    )
    assert done.returncode == 3
    assert "images/red.png" in done.stdout
    assert "(malignant)" in done.stdout
    assert "refused:" in done.stdout
    assert "L2" in done.stdout


def test_the_manifest_of_an_image_that_is_unlike_the_training_images(folder: Path) -> None:
    thresholds = build_manifest().thresholds.model_dump() | {"out_of_distribution": 0.0}
    write_model(folder / "model.onnx", build_manifest(thresholds=thresholds))
    done = predict("images")
    assert done.exit_code == 0
    assert {row["status"] for row in read(done.stdout)} == {"not like the training images"}


@pytest.mark.parametrize(("option", "name"), [("--fhir", "000001.json"), ("--explain", "000001-red.png")])
def test_files_of_another_run_do_not_stay_under_the_numbers_of_other_rows(option: str, name: str) -> None:
    assert predict("images/red.png", "--output", "a.csv", option, "of_images").exit_code == 0
    before = Path("of_images", name).read_bytes()
    refuse(
        f"{option} of_images: has files of another run already, such as {name}, which would be taken for those of "
        "this one; name another folder, or remove them",
        *("images/blue.png", "--output", "b.csv", option, "of_images"),
    )
    refuse(f"{option} of_images: has files of another run", "images/blue.png", option, "of_images")
    refuse(f"{option} of_images: has files", "images", "--output", "b.csv", "--resume", option, "of_images")
    assert list_names("of_images") == [name]
    assert Path("of_images", name).read_bytes() == before
    assert not Path("b.csv").exists()
    assert not Path("b.csv.partial").exists()


@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_no_report_or_overlay_replaces_a_source(resume: list[str]) -> None:
    write_image(Path("here/000001-mole.png"))
    before = Path("here/000001-mole.png").read_bytes()
    Path("link.png").symlink_to("here/000001-mole.png")
    Path("rows.csv.partial").write_text("" if resume else "left")
    for source in ("here", "link.png"):
        refuse(
            "here/000001-mole.png: is a source too, which --explain could replace; name another folder",
            *(source, "--output", "rows.csv", "--explain", "here", *resume),
        )
    assert Path("here/000001-mole.png").read_bytes() == before
