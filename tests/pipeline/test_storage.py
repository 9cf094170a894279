"""The whole pipeline kept on a real server of S3, and taken from there by another machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import Repository, stages_run
from tests.s3_server import BUCKET, KEYS, S3
from tests.stores import set_remote


@pytest.fixture
def s3() -> Iterator[S3]:
    server = S3()
    yield server
    server.close()


@pytest.mark.slow
def test_another_machine_pulls_everything_and_trains_nothing(fresh: Repository, s3: S3, tmp_path: Path) -> None:
    set_remote(fresh, f"s3://{BUCKET}/lesions", endpointurl=s3.address)
    fresh.commit("Keep it on S3")
    fresh.dvc("push", "--run-cache", "--quiet")
    fresh.run("lesions", "storage", "--runs", "--mend")

    there = Repository(tmp_path / "there")
    fresh.run("git", "clone", "--quiet", str(fresh.root), str(there.root))
    there.set_identity()
    there.dvc("config", "--local", "core.site_cache_dir", str(tmp_path / "site"))
    for key, value in KEYS.items():
        there.dvc("remote", "modify", "--local", "storage", key, value)
    there.dvc("pull", "--run-cache", "--quiet")
    assert there.dvc("status").strip() == "Data and pipelines are up to date."
    assert "objects are there" in there.run("lesions", "storage", "--contents").stdout
    assert there.run("git", "status", "--porcelain").stdout == ""
    # What dvc.lock does not name comes from the run cache, without any training.
    (there.root / "dvc.lock").unlink()
    for folder in ("data", "metrics", "plots"):
        there.run("git", "clean", "-xdfq", folder)
    # dvc.yaml keeps `list_models` out of the run cache, because it removes files.
    assert stages_run(there.dvc("repro", "--pull")) == ["list_models"]
