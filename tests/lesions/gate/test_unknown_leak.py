"""A leak that cannot be known is null in metrics/split.json, which neither DVC nor the gate minds."""

import json
from pathlib import Path

import pytest

from lesions.formats.json_file import write_metrics
from tests.builders import slow
from tests.gating import predict, write_model
from tests.repository import Repository, copy_repository
from tests.runs import SPLIT


def write_run(repository: Repository, leaked_test_share: float | None) -> None:
    metrics = repository.root / "metrics"
    write_metrics(metrics / "split.json", SPLIT | {"leaked_test_share": leaked_test_share})
    for model in ("custom_cnn", "resnet18"):
        write_model(repository.root, model, predict(2))


@pytest.mark.parametrize(("base", "now"), [(0.0, None), slow(None, 0.0)])
def test_the_gate_and_the_metrics_of_dvc_accept_null(tmp_path: Path, base: float | None, now: float | None) -> None:
    repository = copy_repository(tmp_path)
    write_run(repository, base)
    repository.commit("base")
    write_run(repository, now)
    done = repository.run("lesions", "gate", "--base", "HEAD", check=False)
    assert done.returncode == 0, done.stdout
    shown = json.loads(repository.dvc("metrics", "show", "--json", "metrics/split.json"))
    (revision,) = shown.values()
    split = revision["data"]["metrics/split.json"]["data"]
    assert split.get("leaked_test_share") == now
    assert split["num_images"]["test"] == 90
    changed = json.loads(repository.dvc("metrics", "diff", "--json", "--targets", "metrics/split.json") or "{}")
    assert ("leaked_test_share" in changed.get("metrics/split.json", {})) == (base != now)
