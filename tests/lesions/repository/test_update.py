"""A later version comes in without losing what was changed in the repository."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.command_line.update import describe_step
from lesions.errors import InputError
from lesions.repository.update import Action, apply_update, plan_update
from lesions.stage.package import LOCK, check_installed, read_lock, write_lock
from tests.own_repository import make_repository
from tests.repository import Repository

OLD = {
    name: f"{name}\n1\n2\n3\n4\n5\n6\n".encode() for name in ("edited", "both", "clash", "same", "dropped", "deleted")
}
OLD |= {"gone": b"gone\n", "mine": b"mine\n", "alike": b"alike\n"}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with the old files, committed as they were shipped and then changed."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    repository = Repository(tmp_path)
    repository.run("git", "init", "--quiet", "--initial-branch", "main")
    repository.set_identity()
    write(tmp_path, OLD)
    write_lock(tmp_path / LOCK, {name: sha256(content).hexdigest() for name, content in OLD.items()})
    repository.commit("Start")
    for name in ("edited", "both", "clash", "mine"):
        (tmp_path / name).write_bytes(OLD[name].replace(b"1", b"one") + b"ours\n")
    (tmp_path / "deleted").unlink()
    (tmp_path / "alike").write_bytes(b"alike\nmore\n")
    repository.commit("Change")
    return repository


def write(root: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (root / name).write_bytes(content)


def make_new() -> dict[str, bytes]:
    """The new version: it changes what its name says, drops `gone` and `mine`, and has a file more."""
    new = {name: content for name, content in OLD.items() if name not in ("gone", "mine")}
    for name in ("both", "dropped", "deleted"):
        new[name] = OLD[name].replace(b"4", b"four")
    return new | {"clash": OLD["clash"].replace(b"1", b"uno"), "alike": b"alike\nmore\n", "fresh": b"fresh\n"}


def test_each_file_is_treated_by_who_changed_it(repository: Repository) -> None:
    root, new = repository.root, make_new()
    before = {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}
    steps = plan_update(root, new)
    assert {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()} == before
    assert {step.name: step.action for step in steps} == {
        "both": Action.MERGE,
        "clash": Action.KEEP,
        "deleted": Action.ABSENT,
        "dropped": Action.REPLACE,
        "fresh": Action.ADD,
        "gone": Action.REMOVE,
        "mine": Action.LEAVE,
    }
    apply_update(root, steps, new)
    assert (root / "both").read_bytes() == b"both\none\n2\n3\nfour\n5\n6\nours\n"
    assert (root / "clash").read_bytes() == before["clash"]
    assert (root / "clash.new").read_bytes() == new["clash"]
    assert (root / "dropped").read_bytes() == new["dropped"]
    assert (root / "deleted.new").read_bytes() == new["deleted"]
    assert not (root / "deleted").exists()
    assert (root / "fresh").read_bytes() == b"fresh\n"
    assert not (root / "gone").exists()
    assert {name: (root / name).read_bytes() for name in ("edited", "mine", "same")} == {
        name: before[name] for name in ("edited", "mine", "same")
    }
    assert read_lock(root / LOCK).files == {name: sha256(content).hexdigest() for name, content in new.items()}
    repository.commit("Update")
    assert plan_update(root, new) == []


def test_a_clash_shows_what_either_side_has_changed(repository: Repository) -> None:
    (step,) = (step for step in plan_update(repository.root, make_new()) if step.name == "clash")
    first, ours, theirs = describe_step(step)
    assert first == (
        "clash: kept as it is: both sides have changed it; the new version is beside it, in the file with .new"
    )
    assert ours.startswith("--- changed here\n") and "-1\n+one\n" in ours and "+ours\n" in ours
    assert theirs.startswith("--- changed by the new version\n") and "-1\n+uno\n" in theirs


def test_a_file_of_which_git_has_no_shipped_version_is_never_merged(repository: Repository) -> None:
    write_lock(repository.root / LOCK, {"both": "0" * 64})
    repository.commit("Lock")
    steps = plan_update(repository.root, {"both": make_new()["both"]})
    assert [(step.action, step.ours) for step in steps] == [(Action.KEEP, "")]
    assert "-ours\n" in steps[0].theirs


@pytest.mark.parametrize("name", ["dropped", "clash.new"])
def test_what_is_not_committed_stops_an_update(repository: Repository, name: str) -> None:
    (repository.root / name).write_text("not committed\n")
    message = rf"^{name}: not as in the last commit; commit first, so that git can undo an update$"
    with pytest.raises(InputError, match=message):
        plan_update(repository.root, make_new())


def test_the_command_updates_the_lock_of_a_repository_made_by_init(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    repository = make_repository(tmp_path / "clinic")
    lock, stage = repository.root / LOCK, repository.root / "stages/report.py"
    known = read_lock(lock).files
    stage.write_text("# an older version\n")
    older = lock.read_text().replace(known["stages/report.py"], sha256(stage.read_bytes()).hexdigest())
    lock.write_text(older.replace(read_lock(lock).package_sha256, "0" * 64))
    repository.commit("As an older version has it")
    with pytest.raises(
        InputError, match=r"^lesions\.lock: this repository uses lesions \S+, and the installed lesions"
    ):
        check_installed(repository.root)
    monkeypatch.chdir(repository.root)
    dry = CliRunner().invoke(commands, ["update", "--dry-run"], catch_exceptions=False)
    assert "stages/report.py: replaced: nobody had changed it here\n" in dry.output
    assert dry.output.endswith("nothing was written\n")
    assert repository.run("git", "status", "--porcelain").stdout == ""
    assert CliRunner().invoke(commands, ["update"], catch_exceptions=False).exit_code == 0
    check_installed(repository.root)
    assert repository.run("git", "status", "--porcelain").stdout == " M lesions.lock\n M stages/report.py\n"
    assert read_lock(lock).files == known


def test_a_clone_of_lesions_is_brought_up_to_date_by_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(tmp_path)
    error = CliRunner().invoke(commands, ["update"]).exception
    assert str(error) == "lesions.lock: there is no such file; git brings later versions into a clone of lesions"
