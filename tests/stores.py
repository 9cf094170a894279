"""A small project with something to store."""

import os
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from dvc.config import Config
from dvc.repo import Repo
from typer.testing import CliRunner

from lesions.command_line.app import commands
from tests.repository import Repository
from tests.s3_server import KEYS

DEFINITIONS = """
stages:
  tabulate:
    cmd:
    - mkdir -p data/folder
    - printf one > data/table.csv
    - printf first > data/folder/a
    - printf 2nd > data/folder/b
    deps: [data/raw]
    outs: [data/table.csv, data/folder]
"""


def build_store_project(root: Path) -> Repository:
    """Create a project with two folders and a table in DVC's cache, and commit it; it has no remote."""
    project = Repository(root)
    (root / "data/raw").mkdir(parents=True)
    for name, text in {"1.jpg": "lesion", "2.jpg": "nevus.", "3.jpg": "nevus."}.items():
        (root / "data/raw" / name).write_text(text)
    (root / "dvc.yaml").write_text(DEFINITIONS)
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.set_identity()
    project.run("dvc", "init", "--quiet")
    with open_dvc(project) as repo:
        repo.add("data/raw")
        repo.reproduce()
    project.commit("Start")
    return project


@contextmanager
def open_dvc(project: Repository) -> Iterator[Repo]:
    """The project's DVC in this process, which starts faster than its commands; its own warnings are let through."""
    with warnings.catch_warnings(action="ignore"), chdir(project.root), Repo() as repo:
        yield repo


def set_remote(project: Repository, url: str, **settings: object) -> None:
    """Make a place the project's default remote; its keys are not in git."""
    config = Config(str(project.root / ".dvc"))
    with chdir(project.root), config.edit("repo") as edited:
        edited["remote"]["storage"] = {"url": url, "verify": "true", **settings}
        edited["core"]["remote"] = "storage"
    if url.startswith("s3:"):
        with config.edit("local") as edited:
            edited["remote"]["storage"] = dict(KEYS)


def push(project: Repository) -> None:
    """Push everything to the default remote."""
    with open_dvc(project) as repo:
        repo.push()


def run_storage(project: Repository, *options: str) -> tuple[int, str]:
    """Run `lesions storage` in this process, and return its exit code and what it printed."""
    with chdir(project.root):
        done = CliRunner().invoke(commands, ["storage", *options], catch_exceptions=False)
    return done.exit_code, done.output


def find_object(project: Repository, path: str) -> str:
    """The object of a file in a folder that the project's DVC has, such as `data/raw/1.jpg`."""
    with open_dvc(project) as repo:
        return str(repo.dvcfs.info(os.path.join("/", path))["dvc_info"]["md5"])  # noqa: PTH118
