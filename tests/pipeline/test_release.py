"""What the tiny preset makes is released, promoted and fetched, by ours and by the tools of DVC."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from lesions.parameters.overlay import lay_over
from tests.repository import Repository
from tests.signers import allow, make_key, needs_ssh_keygen

pytestmark = [pytest.mark.slow, needs_ssh_keygen]

MODEL = "custom_cnn"
FILE = f"data/exports/{MODEL}/model.onnx"


def publish(repository: Repository, folder: Path) -> None:
    """Export the model, let the gate pass, and push git and DVC to remotes in a folder."""
    no_floor = {metric: {"floor": 0.0} for metric in ("balanced_accuracy", "macro_f1", "macro_roc_auc")}
    lay_over(repository.root / "params.yaml", {"export": {"models": [MODEL]}, "gate": no_floor})
    repository.dvc("repro", "--quiet")
    repository.run("git", "init", "--quiet", "--bare", "--initial-branch", "main", str(folder / "origin.git"))
    repository.run("git", "remote", "remove", "origin", check=False)
    repository.run("git", "remote", "add", "origin", str(folder / "origin.git"))
    repository.dvc("remote", "add", "--default", "store", str(folder / "store"))
    repository.commit("Set up the remotes")
    repository.dvc("push", "--quiet")
    repository.run("git", "push", "--quiet", "--set-upstream", "origin", "main")


def test_a_model_goes_from_the_pipeline_to_a_user(fresh: Repository, tmp_path: Path) -> None:
    key, origin = make_key(tmp_path / "key"), (tmp_path / "origin.git").as_uri()
    publish(fresh, tmp_path)
    said = fresh.run("lesions", "release", MODEL, "--version", "1.0.0", "--sign", str(key)).stdout.splitlines()
    assert said[0] == f"{MODEL}@v1.0.0: the first release, so the gate had its floors alone"
    fresh.run("sh", "-c", said[-1].removeprefix("publish it: "))
    assert fresh.run("dvc", "status").stdout == "Data and pipelines are up to date.\n"
    promoted = fresh.run("lesions", "promote", f"{MODEL}@1.0.0", "--stage", "prod").stdout.splitlines()
    fresh.run("sh", "-c", promoted[-1].removeprefix("publish it: "))
    manifest = json.loads((fresh.root / f"releases/{MODEL}/1.0.0/manifest.json").read_bytes())
    scores = json.loads((fresh.root / f"metrics/{MODEL}/test.json").read_bytes())
    assert manifest["scores"]["accuracy"]["value"] == scores["accuracy"]
    assert f"{scores['accuracy']:.3f}"[:4] in (fresh.root / f"releases/{MODEL}/1.0.0/card.md").read_text()
    assert f"{MODEL}" in fresh.run("lesions", "registry").stdout

    user = Repository(tmp_path / "user")
    user.root.mkdir()
    fetch = ("lesions", "fetch-model", f"{MODEL}#prod", "--from", origin)
    verify = ("--verify", str(allow(tmp_path, key)))
    path = Path(user.run(*fetch, *verify, XDG_CACHE_HOME=str(user.root / "cache")).stdout.splitlines()[-1])
    assert sha256(path.read_bytes()).hexdigest() == manifest["sha256"]
    assert path.read_bytes() == (fresh.root / FILE).read_bytes()
    images = sorted((fresh.root / "data/raw/synthetic").rglob("*.jpg"))[:2]
    answers = user.run("lesions", "predict", *map(str, images), "--model", str(path)).stdout
    assert answers.count(",ok,") == 2
    by_dvc = {"--rev": "v1.0.0", "--stage": "prod"}
    for number, option in enumerate(by_dvc.items()):
        user.dvc("artifacts", "get", origin, MODEL, *option, "--out", f"{number}.onnx")
        assert (user.root / f"{number}.onnx").read_bytes() == path.read_bytes()
    shown = json.loads(user.run("gto", "show", "--repo", str(fresh.root), "--json").stdout)
    assert shown[MODEL] == {"version": "v1.0.0", "stage": {"prod": "v1.0.0"}, "registered": True, "active": True}

    (fresh.root / "releases/stray").write_text("x")
    refused = fresh.run("lesions", "release", MODEL, "--version", "1.0.0", check=False)
    assert refused.returncode == 1
    assert refused.stdout.splitlines()[1:] == [
        "1. the version 1.0.0 is not higher than 1.0.0, which is released",
        "2. the workspace has what is not committed (releases/stray)",
    ]
