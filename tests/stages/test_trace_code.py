"""What an edit reruns, in real DVC: exactly the stages that it reaches."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import Repository, stages_run

MODELS = ("custom_cnn", "resnet18")


@pytest.fixture(scope="module")
def traced(tiny: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A clone of the tiny repository with its data, shared by the tests of this file."""
    clone = tiny.clone(tmp_path_factory.mktemp("traced") / "clone")
    clone.dvc("checkout", "--quiet")
    return clone


@pytest.fixture
def clone(traced: Repository) -> Iterator[Repository]:
    """The clone, put back after the test."""
    yield traced
    traced.run("git", "clean", "--force", "-d", "--quiet", "lesions", "stages")
    traced.run("git", "checkout", "--", ".")
    traced.dvc("checkout", "--quiet")


def edit(clone: Repository, file: str, old: str = "", new: str = "") -> None:
    """Replace text in a file; without any, add a comment at its end."""
    path = clone.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1) if old else text + "# an edit\n")


def rerun(clone: Repository) -> list[str]:
    """The stages that would run now, once `trace_code` has looked at the code."""
    assert stages_run(clone.dvc("repro", "trace_code")) == ["trace_code"]
    return stages_run(clone.dvc("repro", "--dry"))


def of_models(*verbs: str) -> set[str]:
    return {f"{verb}@{model}" for verb in verbs for model in MODELS}


@pytest.mark.parametrize("file", ["lesions/report/page.py", "lesions/report/page.html.j2"])
def test_an_edit_of_the_page_or_its_template_reruns_only_the_report(clone: Repository, file: str) -> None:
    edit(clone, file)
    assert rerun(clone) == ["report"]


def test_an_edit_of_groups_reruns_the_stages_that_reach_it(clone: Repository) -> None:
    edit(clone, "lesions/tables/groups.py")
    assert rerun(clone) == ["find_near_duplicates", "prepare_metadata", "report", "split_by_patient"]


def test_a_new_import_is_followed_without_an_edit_of_the_pipeline(clone: Repository) -> None:
    (clone.root / "lesions/splitting/new.py").write_text("X = 1\n")
    edit(
        clone,
        "lesions/splitting/leak.py",
        "import numpy as np\n",
        "import numpy as np\nimport lesions.splitting.new\n",
    )
    clone.dvc("repro", "split_by_patient")
    edit(clone, "lesions/splitting/new.py", "X = 1", "X = 2")
    assert rerun(clone) == ["split_by_patient"]


def test_a_new_torch_reruns_the_stages_that_import_it_and_a_new_ruff_none(clone: Repository) -> None:
    lock = (clone.root / "requirements.lock").read_text()
    (clone.root / "requirements.lock").write_text(re.sub(r"^ruff==\S+", "ruff==99.0", lock, flags=re.MULTILINE))
    assert rerun(clone) == []
    (clone.root / "requirements.lock").write_text(re.sub(r"^torch==\S+", "torch==99.0", lock, flags=re.MULTILINE))
    assert set(rerun(clone)) == {"fit_baselines", *of_models("train", "predict")}


def test_a_stray_file_in_the_code_changes_nothing(clone: Repository) -> None:
    for name in ("lesions/notes.txt", "lesions/report/.page.py.swp", "stages/drawing.png"):
        (clone.root / name).write_text("stray")
    edit(clone, "stages/README.md")
    assert "Data and pipelines are up to date." in clone.dvc("status")


def test_a_module_that_no_stage_imports_reruns_only_the_trace(clone: Repository) -> None:
    (clone.root / "lesions/stray.py").write_text("X = 1\n")
    assert rerun(clone) == []


def test_an_edit_made_after_the_trace_fails_the_stage_and_names_the_file(clone: Repository) -> None:
    edit(clone, "lesions/report/tables.py")
    done = clone.run("dvc", "repro", "--single-item", "--force", "report", check=False)
    assert done.returncode != 0
    assert "error: lesions/report/tables.py: changed since trace_code ran; run dvc repro again" in done.stdout


def test_check_says_which_stages_will_run_and_why(clone: Repository) -> None:
    assert "nothing: the last run is up to date" in clone.run("lesions", "check").stdout
    edit(clone, "lesions/tables/groups.py")
    edit(clone, "params.yaml", "label_smoothing: 0 ", "label_smoothing: 0.1 ")
    edit(clone, "dvc.yaml", "python -m stages.fit_probes --code", "python -m  stages.fit_probes --code")
    lock = (clone.root / "requirements.lock").read_text()
    (clone.root / "requirements.lock").write_text(
        re.sub(r"^faiss-cpu==\S+", "faiss-cpu==99", lock, flags=re.MULTILINE)
    )
    (clone.root / "data/predictions/resnet18.csv").unlink()
    reasons = read_reasons(clone.run("lesions", "check", COLUMNS="500").stdout)
    faiss = re.search(r"^faiss-cpu==(\S+)", lock, flags=re.MULTILINE)
    assert faiss
    assert reasons == {
        "find_near_duplicates": f"code (lesions/tables/groups.py), version (faiss-cpu {faiss[1]} → 99)",
        "prepare_metadata": "code (lesions/tables/groups.py)",
        "split_by_patient": "code (lesions/tables/groups.py)",
        "resolve_recipes": "parameter (loss.label_smoothing)",
        "fit_probes": "command",
        "evaluate@resnet18": "outputs missing",
        "compare": "data (data/predictions modified)",
        "report": "code (lesions/tables/groups.py), data (data/predictions modified)",
        "may follow": "compute_class_weights, train@custom_cnn, train@resnet18, fit_baselines, predict@custom_cnn, "
        "predict@resnet18, evaluate@custom_cnn, evaluate_malignancy@custom_cnn, evaluate_malignancy@resnet18, "
        "evaluate_subgroups@custom_cnn, evaluate_subgroups@resnet18",
    }


def read_reasons(printed: str) -> dict[str, str]:
    """The last rows of what `lesions check` prints: each stage that will run, with its reasons."""
    _, _, rows = printed.partition("will run")
    will_run, _, follow = rows.partition("may follow")
    lines = [line.strip().partition(": ") for line in will_run.splitlines() if line.strip()]
    reasons = {stage: why for stages, _, why in lines for stage in stages.split(", ")}
    return reasons | {"may follow": follow.strip()}


def test_a_clone_without_data_is_up_to_date_until_an_edit(tiny: Repository, tmp_path: Path) -> None:
    clone = tiny.clone(tmp_path / "clone")
    assert stages_run(clone.dvc("repro", "--dry", "--allow-missing")) == []
    edit(clone, "lesions/report/page.py")
    assert stages_run(clone.dvc("repro", "--dry", "--allow-missing")) == ["trace_code"]
