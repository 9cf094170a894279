"""`lesions doubts` on the tiny run: folds that the test writes, stale ones, and none."""

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.command_line.doubts import plot_doubts
from lesions.errors import InputError
from lesions.evaluation.doubts import rank_doubts
from lesions.images.cache import read_cache
from lesions.tables.classes import read_classes
from lesions.tables.labelled_images import read_labelled_images
from lesions.tables.predictions import Predictions, write_predictions
from tests.repository import Repository


def write_folds(root: Path, model: str) -> Predictions:
    """Write predictions of a model that is right about every image but the first melanoma, which it calls a nevus."""
    known = read_classes(root / "data/classes.json")
    images, _ = read_labelled_images(root / "data/metadata.csv", root / "data/splits.csv", known.diagnoses)
    labels = images.label.to_numpy()
    logits = 4.0 * np.eye(len(known.classes))[labels]
    first = int((images.diagnosis == "melanoma").to_numpy().argmax())
    logits[first] = 9.0 * (np.arange(len(known.classes)) == known.classes.index("nevus"))
    predictions = Predictions(images.assign(split="test"), known.classes, labels, logits)
    write_predictions(root / f"data/folds/{model}.csv", predictions)
    return predictions


def test_labels_are_ranked_drawn_and_counted(copy: Repository) -> None:
    predictions = write_folds(copy.root, "resnet18")
    before = {name: (copy.root / f"data/{name}.csv").read_bytes() for name in ("metadata", "splits")}
    done = copy.run("lesions", "doubts", "--num-images", "7", check=False)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    N = len(predictions.y_true)
    assert lines[0].startswith(f"{N} images of {predictions.images.group_id.nunique()} groups in train, val and test")
    assert lines[1] == "data/folds/resnet18.csv predicts each image by the fold that tested it"
    assert lines[2] == f"1 of {N} labels are doubted ({1 / N:.1%})"
    assert lines[3] == "  melanoma that looks like nevus: 1"
    assert lines[-1].startswith("Nothing was dropped or changed.")
    assert len(lines) == 6

    ranked = pd.read_csv(copy.root / "data/doubts/doubts.csv")
    images = predictions.images.set_index("image_id")
    assert (len(ranked), ranked["rank"].tolist()) == (N, list(range(1, N + 1)))
    assert (ranked.label[0], ranked.looks_like[0]) == ("melanoma", "nevus")
    assert ranked.is_doubted.tolist() == [True] + [False] * (N - 1)
    assert ranked.row.tolist() == images.row.loc[ranked.image_id].tolist()
    assert set(ranked.split) == {"train", "val", "test"}
    assert {name: (copy.root / f"data/{name}.csv").read_bytes() for name in before} == before

    picture = (copy.root / "data/doubts/doubts.png").read_bytes()
    assert struct.unpack(">I", picture[16:20]) == (1575,)
    kinds = [picture[at + 4 : at + 8] for at in chunk_starts(picture)]
    assert b"tEXt" not in kinds


def chunk_starts(picture: bytes) -> list[int]:
    """The place of each chunk of a PNG, whose bytes are checked."""
    starts, at = [], 8
    while at < len(picture):
        (size,) = struct.unpack(">I", picture[at : at + 4])
        assert (
            zlib.crc32(picture[at + 4 : at + 8 + size])
            == struct.unpack(">I", picture[at + 8 + size : at + 12 + size])[0]
        )
        starts.append(at)
        at += 12 + size
    return starts


def test_stale_folds_unknown_models_and_no_predictions_are_refused(
    copy: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folds(copy.root, "custom_cnn")
    splits = copy.root / "data/splits.csv"
    whole = splits.read_text()
    splits.unlink()
    splits.write_text(whole.replace("g00001", "g99999"))
    monkeypatch.chdir(copy.root)
    refuse("data/folds/custom_cnn.csv is not of the present data:")
    refuse("nothing can doubt a label: data/folds/ has no table of resnet18", "--model", "resnet18")
    refuse("--model: params.yaml lists custom_cnn, resnet18, and not 'resnet34'", "--model", "resnet34")
    (copy.root / "data/images.npy").unlink()
    refuse("there is no data/images.npy; `dvc repro` makes it, or `dvc pull` gets it")
    assert not (copy.root / "data/doubts").exists()


def refuse(message: str, *arguments: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        CliRunner().invoke(commands, ["doubts", *arguments], catch_exceptions=False)


def test_no_name_of_an_image_is_in_the_picture(copy: Repository) -> None:
    predictions = write_folds(copy.root, "resnet18")
    ranked = rank_doubts(predictions)
    figure = plot_doubts(ranked, read_cache(copy.root / "data/images.npy"), 10)
    text = "\n".join(found.get_text() for found in figure.findobj(Text))
    assert f"row {ranked.row[0]}, test\nlabel: melanoma, " in text
    assert "looks like: nevus, 1.00" in text
    metadata = pd.read_csv(copy.root / "data/metadata.csv", dtype=str)
    names = {*metadata.image_id, *metadata.patient_id.dropna(), *metadata.lesion_id.dropna(), *metadata.file}
    assert not [name for name in names if name in text]
