"""`lesions score` scores the tables of others, and ours as the pipeline does."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.errors import InputError
from tests.builders import PAD_UFES_20, SHARED
from tests.repository import Repository

PUBLISHED = SHARED / "data/published_predictions"
TABLE = PAD_UFES_20 / "metadata_full.csv"

needs_published = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="there are none at ../shared/data/published_predictions"
)


def run(*arguments: str) -> str:
    return CliRunner().invoke(commands, ["score", *arguments], catch_exceptions=False).output


def test_the_pipelines_own_table_gets_the_pipelines_scores(
    tiny: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny.root)
    run("data/predictions/custom_cnn.csv", "--output", str(tmp_path / "scores.json"))
    scores = json.loads((tmp_path / "scores.json").read_text())
    expected = json.loads((tiny.root / "metrics/custom_cnn/test.json").read_text())
    for metric in ("accuracy", "balanced_accuracy", "macro_f1", "macro_roc_auc"):
        assert scores[metric] == pytest.approx(expected[metric], abs=2e-6)
    # No patient is on two sides of the split.
    assert scores["num_tied"] == 0


@needs_published
@pytest.mark.parametrize("model", ["panderm", "monet", "dinov3-l16"])
def test_published_predictions_are_read_as_they_are(model: str, tmp_path: Path) -> None:
    path = PUBLISHED / f"pad_ufes_20-{model}.csv"
    output = run(str(path), "--dataset", "pad_ufes_20", "--table", str(TABLE), "--output", str(tmp_path / "s.json"))
    scores = json.loads((tmp_path / "s.json").read_text())
    table = pd.read_csv(path)
    assert scores["accuracy"] == pytest.approx((table.true_label == table.predicted_label).mean(), abs=1e-6)
    whole = pd.read_csv(TABLE).set_index("img_id")
    patients = whole.patient_id.loc[table.filename.str.split("/").str[-1]]
    tied = patients.map(whole.patient_id.value_counts()) > patients.map(patients.value_counts())
    assert (scores["num_tied"], int(tied.sum())) == (264, 264)
    assert "5: melanoma" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dataset", "pad"), "--dataset: expected one of bcn20000, .*, got 'pad'"),
        (("--dataset", "isic2019", "--table", "a.csv"), r"--table: isic2019 is read from 2 \(.*\), got 1"),
        (("--table", "a.csv"), "--table: names a table of a published dataset; name the --dataset"),
        (("--class", "melanoma"), "--class: expected WORD=DIAGNOSIS, got 'melanoma'"),
        ((), r"there is no data/metadata\.csv; `dvc repro` makes it, or name a --dataset"),
    ],
)
def test_wrong_options_are_refused(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if {"--class", "--table"} & {*arguments} and "--dataset" not in arguments:
        (tmp_path / "data").mkdir()
        (tmp_path / "data/metadata.csv").write_text("image_id,diagnosis\ni,nevus\n")
    with pytest.raises(InputError, match=message):
        run("p.csv", *arguments)
