"""An ensemble trains nothing, is scored like a model, and leaves nothing behind."""

import json
import re
from pathlib import Path

import pytest

from lesions.formats.sha256 import hash_file
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import load_parameters
from lesions.tables.predictions import read_logits, read_predictions
from tests.repository import MODELS, Repository, stages_run

SCORING = [f"{verb}_ensemble@both" for verb in ("evaluate", "evaluate_malignancy", "evaluate_subgroups")]
"""The stages that score the ensemble."""

FOLDERS = ("calibrations", "ensembles", "logits", "pictures", "predictions")
"""The folders in data/ that hold files of an ensemble, or of its members."""


def everything(repository: Repository) -> dict[str, bytes]:
    """All files that an ensemble could leave behind, and the report."""
    folders = [*(f"data/{name}" for name in FOLDERS), "metrics", "plots", "report"]
    files = [file for folder in folders for file in (repository.root / folder).rglob("*") if file.is_file()]
    return {str(file.relative_to(repository.root)): file.read_bytes() for file in files}


def list_ensemble(repository: Repository, *members: str, weights: str = "equal") -> None:
    """Write an ensemble of these members into the parameters."""
    combinations = {"both": {"members": list(members), "weights": weights}}
    lay_over(repository.root / "params.yaml", {"ensembles": ["both"], "combinations": combinations})


@pytest.mark.slow
def test_an_ensemble_trains_nothing_and_leaves_nothing_when_it_is_taken_off(fresh: Repository) -> None:
    before, params = everything(fresh), (fresh.root / "params.yaml").read_bytes()
    list_ensemble(fresh, *MODELS)
    checked = fresh.run("lesions", "check").stdout
    assert "both of custom_cnn, resnet18, weights equal" in checked
    assert "combine@both" in checked
    output = fresh.dvc("repro")
    assert stages_run(output) == sorted(["trace_code", "list_models", "combine@both", *SCORING, "compare", "report"])
    added = everything(fresh)
    of_model = {name for name in before if "resnet18" in name and "mistake_" not in name}
    alone = (
        *("data/logits/resnet18.csv", "plots/history/resnet18.json", "plots/resnet18/robustness.json"),
        *(f"metrics/resnet18/{name}.json" for name in ("train", "explain", "robustness")),
    )
    expected = {name.replace("resnet18", "both") for name in of_model if name not in alone}
    own = {"data/ensembles/both.csv", "metrics/both/ensemble.json"}
    assert {name for name in added.keys() - before.keys() if "mistake_" not in name} == expected | own
    for name in ("plots/comparison/roc.json", "metrics/comparison.json"):
        assert before[name] != added[name]
    page = added["report/index.html"].decode()
    assert "both is an ensemble of Custom CNN (0.50), ResNet-18 (0.50), with equal weights." in page
    assert "Training of both" not in page
    fresh.commit("Add an ensemble")
    gate = fresh.run("lesions", "gate", "--base", "HEAD", check=False).stdout
    assert re.search(r"^both +balanced_accuracy .* unchanged *$", gate, re.MULTILINE), gate

    list_ensemble(fresh, "resnet18")
    output = fresh.dvc("repro")
    assert stages_run(output) == sorted(["trace_code", "list_models", "combine@both", *SCORING, "compare", "report"])
    # The only member as it is, with its scores.
    one = everything(fresh)
    assert one["data/ensembles/both.csv"] == one["data/logits/resnet18.csv"]
    of_one, of_member = (
        read_predictions(fresh.root / f"data/predictions/{name}.csv") for name in ("both", "resnet18")
    )
    assert of_one.y_pred.tolist() == of_member.y_pred.tolist()
    # The prior shift has been written with six decimals.
    assert of_one.logits == pytest.approx(of_member.logits, abs=1e-5)
    assert one["metrics/both/test.json"] == one["metrics/resnet18/test.json"]

    (fresh.root / "params.yaml").write_bytes(params)
    assert "removed the files of both, which is not in models or ensembles of params.yaml" in fresh.dvc("repro")
    assert everything(fresh) == before
    assert stages_run(fresh.dvc("repro")) == []


@pytest.mark.slow
def test_a_network_of_another_run_is_a_member_unless_it_has_seen_what_is_tested(fresh: Repository) -> None:
    # The tiny dataset has too few groups of a rare diagnosis for five folds.
    alone, folds = "models=[custom_cnn]", "split.num_folds=3"
    for name, setting in (("seed-1", "training.seed=1"), ("fold", "split.fold=0")):
        fresh.dvc("exp", "run", "--temp", "--name", name, *("-S", setting, "-S", alone, "-S", folds), "compare")
    refused = fresh.run("lesions", "import-logits", "fold", check=False)
    assert refused.returncode == 1
    assert "custom_cnn_fold: was trained on or validated with images of" in refused.stdout
    assert "groups that are in test here" in refused.stdout
    assert [path.name for path in (fresh.root / "data/imported").iterdir()] == [".gitignore"]

    commit = fresh.find_experiment("seed-1")
    lock = fresh.run("git", "show", f"{commit}:dvc.lock").stdout
    (md5,) = {*re.findall(r"path: data/logits/custom_cnn\.csv\n +hash: md5\n +md5: (\w+)", lock)}
    cached = fresh.cache / f"files/md5/{md5[:2]}/{md5[2:]}"
    cached.rename(cached.with_suffix(".lost"))
    lost = fresh.run("lesions", "import-logits", "seed-1", check=False)
    cached.with_suffix(".lost").rename(cached)
    assert "seed-1:custom_cnn: its data/logits/custom_cnn.csv is not in DVC's cache; `dvc pull` or" in lost.stdout
    assert [path.name for path in (fresh.root / "data/imported").iterdir()] == [".gitignore"]

    fresh.run("lesions", "import-logits", "seed-1", "--model", "custom_cnn", "--as", "seed1")
    assert load_parameters(fresh.root / "params.yaml")["imported"] == {
        "seed1": hash_file(fresh.root / "data/imported/seed1/about.json")
    }
    assert (fresh.root / "data/imported/seed1.dvc").is_file()
    list_ensemble(fresh, "custom_cnn", "seed1", weights="fitted")
    assert stages_run(fresh.dvc("repro", "combine@both")) == ["combine@both", "list_models"]
    ensemble = json.loads((fresh.root / "metrics/both/ensemble.json").read_text())
    assert ensemble["imported"] == {"seed1": {"revision": commit, "model": "custom_cnn", "weights_licence": None}}
    weights = ensemble["weight"]
    assert weights.keys() == {"custom_cnn", "seed1"}
    assert sum(weights.values()) == pytest.approx(1, abs=1e-5)
    assert len(read_logits(fresh.root / "data/ensembles/both.csv").y_true) == len(
        read_logits(fresh.root / "data/logits/custom_cnn.csv").y_true
    )

    # The import is refused once the split is another one, by the stage and with a doubt by the check.
    replace(fresh.root / "data/imported/seed1/logits.csv", b",val,", b",test,")
    assert (
        "data/imported/seed1/logits.csv: has changed since it was imported"
        in fresh.run("lesions", "check", check=False).stdout
    )
    fresh.dvc("checkout", "--force", "data/imported/seed1.dvc")
    fresh.commit("Import another seed")
    command = ["dvc", "exp", "run", "--temp", "-S", "split.fold=1", "-S", folds, "combine@both"]
    mixed = fresh.run(*command, check=False).stdout
    assert "seed1: was trained on or validated with images of" in mixed


def replace(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    path.unlink()  # it may be a link into DVC's cache
    path.write_bytes(content.replace(old, new, 1))
