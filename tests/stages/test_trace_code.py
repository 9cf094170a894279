"""What an edit reruns: exactly the stages that it reaches."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.parameters.section import read_parameters
from stages import trace_code
from tests.repository import MODELS, Repository, stages_run


def edit(repository: Repository, file: str, old: str = "", new: str = "") -> None:
    """Replace text in a file; without any, add a comment at its end."""
    path = repository.root / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1) if old else text + "# an edit\n")


def set_version(repository: Repository, package: str, version: str) -> None:
    lock = repository.root / "requirements.lock"
    text, count = re.subn(rf"^{package}==\S+", f"{package}=={version}", lock.read_text(), flags=re.MULTILINE)
    assert count
    lock.write_text(text)


def trace_again(repository: Repository) -> list[str]:
    """Trace the code, and return the stages of which the trace has changed: each depends on its own in data/code/."""
    folder = repository.root / "data/code"
    before = {path.stem: path.read_bytes() for path in folder.iterdir()}
    trace_code.main(repository.root / "stages", repository.root / "requirements.lock", folder)
    return sorted(path.stem for path in folder.iterdir() if before[path.stem] != path.read_bytes())


@pytest.mark.slow
def test_dvc_reruns_the_stages_that_an_edit_of_groups_reaches(fresh: Repository) -> None:
    edit(fresh, "lesions/tables/groups.py")
    assert stages_run(fresh.dvc("repro", "trace_code")) == ["trace_code"]
    reached = ["find_near_duplicates", "prepare_metadata", "report", "split_by_patient"]
    assert stages_run(fresh.dvc("repro", "--dry")) == reached


@pytest.mark.parametrize("file", ["lesions/report/page.py", "lesions/report/page.html.j2"])
def test_an_edit_of_the_page_or_its_template_reaches_only_the_report(copy: Repository, file: str) -> None:
    edit(copy, file)
    assert trace_again(copy) == ["report"]


def test_a_new_import_is_followed_without_an_edit_of_the_pipeline(copy: Repository) -> None:
    (copy.root / "lesions/splitting/new.py").write_text("X = 1\n")
    edit(
        copy,
        "lesions/splitting/leak.py",
        "import numpy as np\n",
        "import numpy as np\nimport lesions.splitting.new\n",
    )
    assert trace_again(copy) == ["split_by_patient"]
    edit(copy, "lesions/splitting/new.py", "X = 1", "X = 2")
    assert trace_again(copy) == ["split_by_patient"]


def test_a_new_torch_reaches_the_stages_that_import_it_and_a_new_ruff_none(copy: Repository) -> None:
    set_version(copy, "ruff", "99.0")
    assert trace_again(copy) == []
    set_version(copy, "torch", "99.0")
    networks = ("evaluate_robustness", "explain", "export", "predict", "train")
    assert sorted(trace_again(copy)) == sorted(
        ["fit_baselines", "pretrain", *(f"{stage}@{model}" for stage in networks for model in MODELS)]
    )


def test_a_module_that_no_stage_imports_reaches_none(copy: Repository) -> None:
    (copy.root / "lesions/stray.py").write_text("X = 1\n")
    assert trace_again(copy) == []


def test_a_stray_file_in_the_code_changes_nothing(fresh: Repository) -> None:
    for name in ("lesions/notes.txt", "lesions/report/.page.py.swp", "stages/drawing.png"):
        (fresh.root / name).write_text("stray")
    edit(fresh, "stages/README.md")
    assert "Data and pipelines are up to date." in fresh.dvc("status")


def test_an_edit_made_after_the_trace_fails_the_stage_and_names_the_file(fresh: Repository) -> None:
    edit(fresh, "lesions/report/tables.py")
    done = fresh.run("dvc", "repro", "--single-item", "--force", "report", check=False)
    assert done.returncode != 0
    assert "error: lesions/report/tables.py: changed since trace_code ran; run dvc repro again" in done.stdout


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # of what DVC calls
def test_check_says_which_stages_will_run_and_why(fresh: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fresh.root)
    monkeypatch.setenv("COLUMNS", "500")
    assert "nothing: the last run is up to date" in check()
    edit(fresh, "lesions/tables/groups.py")
    edit(fresh, "params.yaml", "label_smoothing: 0 ", "label_smoothing: 0.1 ")
    edit(fresh, "dvc.yaml", "python -m stages.fit_probes --code", "python -m  stages.fit_probes --code")
    lock = (fresh.root / "requirements.lock").read_text()
    set_version(fresh, "faiss-cpu", "99")
    (fresh.root / "data/predictions/resnet18.csv").unlink()
    printed = check()
    assert "together: time not known: none of these has run here" in printed
    reasons = read_reasons(printed)
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
        "report": "code (lesions/tables/groups.py), data (data/predictions modified, params.yaml modified)",
        "may follow": "compute_class_weights, pretrain@custom_cnn, pretrain@resnet18, train@custom_cnn, "
        "train@resnet18, fit_baselines, predict@custom_cnn, predict@resnet18, evaluate@custom_cnn, "
        "evaluate_malignancy@custom_cnn, evaluate_malignancy@resnet18, evaluate_subgroups@custom_cnn, "
        "evaluate_subgroups@resnet18, evaluate_robustness@custom_cnn, evaluate_robustness@resnet18, "
        "explain@custom_cnn, explain@resnet18",
    }


def check() -> str:
    read_parameters.cache_clear()
    return CliRunner().invoke(commands, ["check"], catch_exceptions=False).output


def read_reasons(printed: str) -> dict[str, str]:
    """The last rows of what `lesions check` prints: each stage that will run, with its reasons."""
    _, _, rows = printed.partition("will run")
    rows, _, _ = rows.partition("when they last ran here")
    will_run, _, follow = rows.partition("may follow")
    lines = [line.strip().partition(": ") for line in will_run.splitlines() if line.strip()]
    reasons = {stage: why for stages, _, why in lines for stage in stages.split(", ")}
    return reasons | {"may follow": follow.strip()}


def test_a_clone_without_data_is_up_to_date_until_an_edit(tiny: Repository, tmp_path: Path) -> None:
    clone = tiny.clone(tmp_path / "clone")
    assert stages_run(clone.dvc("repro", "--dry", "--allow-missing")) == []
    edit(clone, "lesions/report/page.py")
    assert stages_run(clone.dvc("repro", "--dry", "--allow-missing")) == ["trace_code"]
