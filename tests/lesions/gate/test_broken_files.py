"""A file that no run writes: the gate cannot tell, and says which file of which revision in both of its own files."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lesions.formats.printable import escape_markdown
from tests.gating import build_project, judge, predict, predict_with_log_loss, write_model, write_params
from tests.repository import Repository

TEST, DIGEST, SPLIT, PARAMS = "metrics/a/test.json", "metrics/a/digest.json", "metrics/split.json", "params.yaml"
CONFLICT = '<<<<<<< HEAD\n{"a": 1}\n=======\n{"a": 2}\n>>>>>>> other\n'
LONG = "9" * 450

CONTENTS = [
    (TEST, None, "is missing"),
    (TEST, "folder", "is a folder"),
    (TEST, '"macro_f1"', "expected names with values, got 'macro_f1'"),
    (TEST, "0.9", "expected names with values, got 0.9"),
    (TEST, "[0.9]", "expected names with values, got [0.9]"),
    (TEST, LONG, f"expected names with values, got {LONG[:80]}"),
    (TEST, "9" * 5000, "not the JSON of a run: Exceeds the limit"),
    (TEST, "[" * 50_000, "not the JSON of a run: maximum recursion depth exceeded"),
    (TEST, CONFLICT, "line 1: not valid JSON: Expecting value; it has the marks of a merge conflict"),
    (TEST, b"\xff\xfe", "not in UTF-8"),
    (TEST, "", "line 1: not valid JSON"),
    (TEST, '{"num_images": 200}', "has no accuracy; it has num_images"),
    (TEST, "{}", "has no accuracy; it has no score"),
    (DIGEST, None, "is missing"),
    (DIGEST, "folder", "is a folder"),
    (DIGEST, CONFLICT, "it has the marks of a merge conflict"),
    (DIGEST, b"\x80{}", "not in UTF-8"),
    (DIGEST, "{}", "not a digest of predictions ('classes')"),
    (DIGEST, "[]", "expected names with values, got []"),
    (DIGEST, '{"classes": "abc"}', "not a digest of predictions (classes: expected a list of names)"),
    (SPLIT, None, "is missing"),
    (SPLIT, '"text"', "expected names with values, got 'text'"),
    (SPLIT, "{}", "does not say which images are tested"),
    (SPLIT, '{"test_images_sha256": 5}', "expected 64 hexadecimal digits, got 5"),
    (SPLIT, '{"test_images_sha256": ""}', "expected 64 hexadecimal digits, got ''"),
    (PARAMS, None, ""),
    (PARAMS, "[" * 50_000, "nested too deeply"),
    (PARAMS, "text", "expected sections with names, got 'text'"),
    (PARAMS, b"\xff", "not valid YAML"),
]


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return build_project(tmp_path_factory.mktemp("gate"))


@pytest.fixture
def project(committed: Repository) -> Iterator[Repository]:
    """A project that a test may break."""
    yield committed
    committed.run("git", "checkout", "--quiet", "--force", "main")
    committed.run("git", "clean", "--quiet", "--force", "-d")


def write(path: Path, content: str | bytes | None) -> None:
    path.unlink()
    if content == "folder":
        path.mkdir()
        (path / "file").touch()
    elif content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def check_cannot_tell(project: Repository, base: str, *words: str) -> None:
    """Check that the gate cannot tell, and says so with these words in both files."""
    status, markdown, junit = judge(project.root, base)
    assert status == 2
    assert markdown.startswith("## Metrics gate: cannot tell\n")
    said = " ".join(error.attrib["message"] for error in junit.iter("error"))
    for word in words:
        assert word in said
        assert escape_markdown(word) in markdown


@pytest.mark.parametrize(("name", "content", "message"), CONTENTS)
def test_a_file_of_the_workspace_that_no_run_writes_is_named(
    project: Repository, name: str, content: str | bytes | None, message: str
) -> None:
    write(project.root / name, content)
    check_cannot_tell(project, "main", name, message)


@pytest.mark.parametrize(("name", "content", "message"), CONTENTS)
def test_a_file_of_the_base_that_no_run_writes_is_named(
    project: Repository, name: str, content: str | bytes | None, message: str
) -> None:
    project.run("git", "checkout", "--quiet", "-B", "broken")
    write(project.root / name, content)
    project.commit("Break it")
    project.run("git", "checkout", "--quiet", "main")
    check_cannot_tell(project, "broken", f"{name} of the base", message)


@pytest.mark.parametrize(
    ("figure", "got"),
    [
        ("1.7", "1.7"),
        ("1e300", "1e+300"),
        ("-0.1", "-0.1"),
        ("NaN", "nan"),
        ("Infinity", "inf"),
        ("true", "True"),
        ('"0.9"', "'0.9'"),
        ("null", "None"),
        ("[0.9]", "[0.9]"),
        (LONG, LONG[:80]),
    ],
)
def test_a_figure_that_no_metric_can_have_is_no_number(project: Repository, figure: str, got: str) -> None:
    path = project.root / TEST
    path.write_text(re.sub(r'"accuracy": [0-9.]+', f'"accuracy": {figure}', path.read_text()))
    check_cannot_tell(project, "main", f"{TEST} of the workspace: accuracy: expected a number from 0 to 1, got {got}")


def test_a_log_loss_may_be_above_1(project: Repository) -> None:
    write_model(project.root, "a", predict_with_log_loss(2.5, 200))
    project.commit("Worse")
    status, markdown, _ = judge(project.root, "HEAD")
    assert "| a | log_loss | 2.5000 | 2.5000 | +0.0000 | – | 0.1 | unchanged |" in markdown
    assert status == 1  # its accuracy is below the floor
    project.run("git", "reset", "--quiet", "--hard", "HEAD~1")


def test_figures_of_other_predictions_do_not_count(project: Repository) -> None:
    """A merge conflict that was solved for one file alone, or a stage that ended between the two."""
    good, digest = (project.root / TEST).read_text(), (project.root / DIGEST).read_text()
    said = "accuracy is 0.7650, but the predictions in digest.json beside it give 0.3100"
    write_model(project.root, "a", predict(0))
    (project.root / TEST).write_text(good)
    check_cannot_tell(project, "main", f"{TEST} of the workspace: {said}")
    write_model(project.root, "a", predict(0))
    (project.root / DIGEST).write_text(digest)
    check_cannot_tell(project, "main", "give 0.7650: the two files are not of the same run")


def test_a_digest_of_fewer_or_more_images_than_test_json_says_is_refused(project: Repository) -> None:
    path = project.root / TEST
    for said in (150, 250):
        values = json.loads(path.read_text()) | {"num_images": said}
        path.write_text(json.dumps(values))
        check_cannot_tell(project, "main", f"{DIGEST} of the workspace: not a digest of predictions")


@pytest.mark.parametrize("kind", ["fifo", "/dev/zero", "nowhere", "/proc/self/mem"])
def test_what_is_no_file_is_missing_and_does_not_hang(project: Repository, kind: str) -> None:
    path = project.root / TEST
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(kind)
    check_cannot_tell(project, "main", f"{TEST} of the workspace")


@pytest.mark.parametrize(
    "name", ["a|b", "<b>a</b>", "a\n\n## Metrics gate: passed", "\x1b[2J", "[/bold]", "../a", "", 5, "a" * 300]
)
def test_a_name_that_no_model_can_have_is_refused(project: Repository, name: object) -> None:
    write_params(project.root, ["a", name])
    check_cannot_tell(project, "main", "of the workspace")


def test_a_model_that_is_listed_is_not_removed(project: Repository) -> None:
    write_params(project.root, ["a", "b"])
    write_model(project.root, "b", predict(1.5))
    project.commit("Two models")
    shutil.rmtree(project.root / "metrics/b")
    check_cannot_tell(project, "HEAD", "metrics/b/test.json of the workspace is missing")
    (project.root / "metrics/b/test.json").mkdir(parents=True)
    check_cannot_tell(project, "HEAD", "metrics/b/test.json of the workspace is a folder")
    write_params(project.root, ["a"])
    status, markdown, _ = judge(project.root, "HEAD")
    assert status == 0
    assert markdown.count("| model removed |") == 2
    project.run("git", "reset", "--quiet", "--hard", "HEAD~1")
