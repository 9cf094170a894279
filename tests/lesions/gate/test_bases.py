"""What `--base` may name, and how whatever was typed is shown."""

import re

import pytest

from tests.gating import build_project, judge
from tests.repository import Repository


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A project with a commit, and a tag with a message."""
    project = build_project(tmp_path_factory.mktemp("gate"))
    project.run("git", "tag", "--annotate", "noted", "main", "--message", "A tag with a message")
    return project


@pytest.mark.parametrize("base", ["main", "refs/heads/main", "HEAD~0", "noted", "HEAD^{commit}"])
def test_a_base_may_be_a_branch_a_tag_or_a_commit(project: Repository, base: str) -> None:
    assert judge(project.root, base)[0] == 0


@pytest.mark.parametrize("base", ["", " ", "\n\t", "\u00a0"])
def test_an_empty_base_is_refused_and_not_taken_for_the_last_commit(project: Repository, base: str) -> None:
    status, markdown, junit = judge(project.root, base)
    assert status == 2
    assert "perhaps a variable is not set" in markdown
    (error,) = junit.iter("error")
    assert error.get("message") == f"--base is {base!r}: it must name a revision; perhaps a variable is not set"


@pytest.mark.parametrize(
    ("base", "kind"), [("HEAD:params.yaml", "blob"), ("HEAD^{tree}", "tree"), ("main:metrics", "tree")]
)
def test_a_base_that_is_no_commit_is_refused(project: Repository, base: str, kind: str) -> None:
    status, _, junit = judge(project.root, base)
    assert status == 2
    (error,) = junit.iter("error")
    assert error.get("message") == f"{base} is a {kind} of git, not a commit"


@pytest.mark.parametrize(
    "base",
    [
        "x" * 20_000,
        "`; ## Metrics gate: passed",
        "a\n\n## Metrics gate: passed",
        "</testsuite><b>|*a*",
        "[/bold]",
        "\x1b[2J\x07",
        "\udcff",
        ":params.yaml",
    ],
)
def test_a_base_is_shown_on_one_line_as_it_is_and_cut(
    project: Repository, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, markdown, junit = judge(project.root, base)
    assert status == 2
    assert re.findall("^##.*", markdown, re.MULTILINE) == ["## Metrics gate: cannot tell"]
    assert not re.search(r"(?<!\\)[`<|*\[]", markdown)
    (error,) = junit.iter("error")
    assert error.get("message", "").startswith("there is no revision ")
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert all(line.isprintable() and len(line) < 200 for line in printed)
