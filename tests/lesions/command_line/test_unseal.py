"""`lesions unseal` writes down when and why test images were looked at, or changes nothing."""

import resource
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.errors import InputError
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import read_parameters
from tests.gating import SHA256, write_split
from tests.presets import DEFAULT, write_default
from tests.repository import Repository

RECORD = Path("docs/unsealed.md")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with the shipped parameters, sealed, that has split its images."""
    project = Repository(tmp_path)
    lay_over(write_default(tmp_path), {"split": {"seal": True}})
    write_split(tmp_path)
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.set_identity()
    project.commit("Seal")
    monkeypatch.chdir(tmp_path)
    return project


def unseal(reason: str) -> str:
    read_parameters.cache_clear()
    return CliRunner().invoke(commands, ["unseal", "--reason", reason], catch_exceptions=False).output


def refuse(reason: str, message: str, error: type[Exception] = InputError) -> None:
    """Check that the command fails and leaves both files as they are."""
    files = [path for path in (Path("params.yaml"), RECORD) if path.is_file()]
    before = [path.read_bytes() for path in files]
    with pytest.raises(error, match=message):
        unseal(reason)
    assert [path.read_bytes() for path in files] == before
    assert RECORD.is_file() is (RECORD in files)
    assert not list(Path().rglob("*.tmp"))


def test_the_seal_is_broken_and_everything_else_stays_as_it_is(project: Repository) -> None:
    commit = project.run("git", "rev-parse", "HEAD").stdout.strip()
    output = unseal("The paper's [final] table")
    assert output.startswith("params.yaml: split.seal is false now; docs/unsealed.md says when and why. `dvc repro`")
    assert Path("params.yaml").read_text() == DEFAULT
    heading, _, text, _, line = RECORD.read_text().splitlines()
    assert (heading, text[:12]) == ("# Unsealed", "Each line is")
    day = datetime.now(UTC).date()
    assert line == f"* {day}, commit {commit}, test images {SHA256}: The paper's \\[final\\] table"


def test_a_second_unsealing_adds_a_line(project: Repository) -> None:
    unseal("first")
    lay_over(Path("params.yaml"), {"split": {"seal": True, "seed": 7}})
    RECORD.write_text(RECORD.read_text() + "\n\n")
    unseal(" second\nline\x1b ")
    lines = RECORD.read_text().splitlines()
    assert [line.split(": ")[1] for line in lines[4:]] == ["first", r"second\\nline\\x1b"]
    assert "with uncommitted changes, test images" in lines[5]
    assert "uncommitted" not in lines[4]


@pytest.mark.parametrize("reason", ["", " \t"])
def test_a_reason_is_needed(project: Repository, reason: str) -> None:
    refuse(reason, "--reason is empty")


def test_what_is_not_sealed_cannot_be_unsealed(project: Repository) -> None:
    unseal("first")
    refuse("again", r"params\.yaml: split\.seal is false: the test images are not sealed")


def test_images_that_were_never_split_cannot_be_unsealed(project: Repository) -> None:
    split = Path("metrics/split.json")
    split.write_text("{}")
    refuse("why", r"metrics/split\.json does not say which images are tested")
    split.unlink()
    refuse("why", r"there is no metrics/split\.json; `dvc repro` makes it")


@pytest.mark.parametrize("before", [None, "# Ours\n"])
def test_a_parameter_file_that_cannot_be_written_leaves_the_record_as_it_was(
    project: Repository, before: str | None
) -> None:
    """No file may have more than 4,000 bytes, which is enough for the record alone."""
    if before:
        RECORD.parent.mkdir()
        RECORD.write_text(before)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        refuse("why", "File too large", OSError)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (RECORD.read_text() if RECORD.exists() else None) == before


def test_a_record_that_is_no_text_is_refused(project: Repository) -> None:
    RECORD.parent.mkdir()
    RECORD.write_bytes(b"\xff")
    refuse("why", r"docs/unsealed\.md: not in UTF-8")
