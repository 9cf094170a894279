"""Versions are put into stages, and listed with what they are worth."""

import json
from contextlib import chdir
from pathlib import Path

import gto.api
import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.errors import InputError
from lesions.registry.tags import FORMAT, parse_tags
from lesions.release.listing import list_registry
from lesions.release.promotion import promote_version
from tests.gating import predict, write_model
from tests.released_project import MODEL, Project, build_project
from tests.repository import Repository

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # of what DVC calls


def promote(project: Project, version: str, stage: str) -> str:
    with chdir(project.root):
        return promote_version(f"{MODEL}@{version}", stage).tag


def call(project: Project, *arguments: str) -> str:
    with chdir(project.root):
        done = CliRunner(env={"COLUMNS": "200"}).invoke(commands, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_versions_go_through_stages_as_gto_and_dvc_see_them(project: Project) -> None:
    project.run("sh", "-c", project.release("1.0.0").push)
    write_model(project.root, MODEL, predict(2.5))
    project.run_and_push("Get better")
    project.run("sh", "-c", project.release("1.1.0").push)
    made = [promote(project, *pair) for pair in (("1.1.0", "prod"), ("1.0.0", "prod"), ("1.1.0", "dev"))]
    assert made == [f"{MODEL}#prod#1", f"{MODEL}#prod#2", f"{MODEL}#dev#3"]
    shown = gto.api.show(project.root)[MODEL]
    assert (shown["version"], shown["stage"]) == ("v1.1.0", {"prod": "v1.0.0", "dev": "v1.1.0"})
    with chdir(project.root):
        metric, (newest, first) = list_registry(Path("params.yaml"))
    assert metric == "accuracy"
    assert (newest.version, [stage for stage, _ in newest.stages]) == ("1.1.0", ["dev"])
    assert (first.version, [stage for stage, _ in first.stages], first.compared) == ("1.0.0", ["prod"], "")
    assert newest.compared.startswith("+0.")
    assert newest.compared.endswith(", better since 1.0.0")
    rows = [line.split() for line in call(project, "registry").splitlines()]
    assert [row[:2] for row in rows] == [["model", "version"], [MODEL, "1.1.0"], [MODEL, "1.0.0"]]
    for version, stage, message in (
        ("1.0.0", "prod", r"^custom_cnn@1\.0\.0 is in the stage prod already, by the tag custom_cnn#prod#2$"),
        ("3.0.0", "prod", r"^custom_cnn has no version 3\.0\.0; released are 1\.0\.0, 1\.1\.0$"),
        ("1.0.0", "a b", r"^expected a stage such as prod or pre-prod, got 'a b': "),
    ):
        with pytest.raises(InputError, match=message):
            promote(project, version, stage)


def test_two_promotions_in_one_second_have_an_order(project: Project) -> None:
    """GTO orders by the date to the second, and then by the name, in which 10 comes before 9."""
    project.run("git", "tag", "--annotate", "--message", "x", f"{MODEL}@v1.0.0")
    project.run("git", "commit", "--quiet", "--allow-empty", "--message", "x")
    # By a machine whose clock is ahead.
    by_other = ("git", "tag", "--annotate", "--message", "x", f"{MODEL}@v1.1.0")
    project.run(*by_other, GIT_COMMITTER_DATE="@4000000000 +0000")
    for number in range(11):
        promote(project, f"1.{number % 2}.0", "prod")
    tags = parse_tags(project.run("git", "for-each-ref", f"--format={FORMAT}", "refs/tags").stdout)
    assert tags[-1].text == f"{MODEL}#prod#11"
    assert gto.api.show(project.root)[MODEL]["stage"] == {"prod": "v1.0.0"}


def test_a_promotion_asks_for_a_version(project: Project) -> None:
    with chdir(project.root), pytest.raises(InputError, match=r"^expected a version such as custom_cnn@1\.2\.0, got"):
        promote_version(MODEL, "prod")
    with (
        chdir(project.root),
        pytest.raises(InputError, match=r"is of the project in other/team; call "),
    ):
        promote_version(f"other/team:{MODEL}@1.0.0", "prod")


def test_what_another_tool_registered_is_listed_without_scores(project: Project) -> None:
    assert call(project, "registry") == "nothing is released yet; `git fetch --tags` gets what others released\n"
    gto.api.register(project.root, MODEL, "main", "v0.1.0")
    with chdir(project.root):
        _, (entry,) = list_registry(Path("params.yaml"))
    assert (entry.version, entry.score, entry.stages) == ("0.1.0", None, ())
    said = call(project, "promote", f"{MODEL}@0.1.0", "--stage", "prod").splitlines()
    assert said == [
        f"{MODEL}#prod#1: nothing was in the stage prod before",
        f"publish it: git push origin 'refs/tags/{MODEL}#prod#1'",
    ]
    assert json.loads(project.run("gto", "show", "--json").stdout)[MODEL]["stage"] == {"prod": "v0.1.0"}


@pytest.mark.slow
def test_a_project_below_the_root_has_its_folder_in_its_tags(tmp_path: Path) -> None:
    project, name = build_project(tmp_path, below="ml/skin"), f"ml/skin:{MODEL}"
    project.dvc("remote", "modify", "--quiet", "store", "url", str(tmp_path / "store"))
    project.run_and_push("Name the store as clones can")
    released = project.release("1.0.0")
    assert released.tag == f"ml/skin={MODEL}@v1.0.0"
    project.run("sh", "-c", released.push)
    assert promote(project, "1.0.0", "prod") == f"ml/skin={MODEL}#prod#1"
    project.run("git", "push", "--quiet", "origin", "--tags")
    assert gto.api.show(tmp_path / "work")[name]["stage"] == {"prod": "v1.0.0"}
    assert call(project, "registry").splitlines()[1].split()[:2] == [name, "1.0.0"]
    origin, user = (tmp_path / "origin.git").as_uri(), Repository(tmp_path)
    fetched = user.run("lesions", "fetch-model", f"{name}#prod", "--from", origin, XDG_CACHE_HOME=str(tmp_path / "c"))
    user.dvc("artifacts", "get", origin, name, "--rev", "v1.0.0", "--out", "by_dvc.onnx")
    assert Path(fetched.stdout.splitlines()[-1]).read_bytes() == (tmp_path / "by_dvc.onnx").read_bytes()
