"""A parameter file of a test's own, and a repository in which the tiny preset has run."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright
from ruamel.yaml import YAML

from lesions.parameters.section import read_parameters
from tests.builders import CHROMIUM, TASK, WriteParams
from tests.repository import Repository, copy_repository

if TYPE_CHECKING:
    from tests.s3_server import S3

FIRST = (
    "pipeline/test_reruns.py",
    "lesions/command_line/test_places.py",
    *(f"lesions/experiments/test_{name}.py" for name in ("repeats", "folds", "plots")),
    "lesions/registry/test_fetch.py",
)
"""The first of these makes the tiny run, while the other process is busy with the next, which do not need it."""


def pytest_configure() -> None:
    """Keep DVC from sending statistics, for which each of its commands would start a process and call a server."""
    os.environ["DVC_NO_ANALYTICS"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take these files first, then all others that need the tiny run."""
    folder = Path(__file__).parent
    of_tiny = {item.path for item in items if {"tiny", "fresh", "copy"} & {*item.fixturenames}}  # type: ignore[attr-defined]
    places = {folder / name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: (places.get(item.path, len(FIRST)), item.path not in of_tiny))


@pytest.fixture(autouse=True)
def torch_as_it_was() -> Iterator[None]:
    """Leave torch as a test found it: its threads, its generator, and whether it must be deterministic."""
    import torch  # not above: the process that only hands out the tests would load it before them

    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        yield
    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("error" if deterministic else "default")


@pytest.fixture(autouse=True)
def forget_parameters() -> Iterator[None]:
    """Forget the parameter file, which commands and stages read by its relative path from a folder of each test."""
    read_parameters.cache_clear()
    yield
    read_parameters.cache_clear()


@pytest.fixture
def write_params(tmp_path: Path) -> WriteParams:
    """A function that writes sections into a new parameter file and returns its path.

    The section `task` is the shipped one unless it is given, because every stage that reads diagnoses reads it.
    """
    written: list[Path] = []
    yaml = YAML(typ="safe", pure=True)
    yaml.width = 1000  # a key that is broken over two lines cannot be read back

    def write(**sections: Any) -> Path:
        written.append(tmp_path / f"params_{len(written)}.yaml")
        yaml.dump({"task": TASK} | sections, written[-1])
        return written[-1]

    return write


@pytest.fixture(scope="session")
def s3() -> "Iterator[S3]":
    """A server of S3, which takes seconds to load."""
    from tests.s3_server import S3

    server = S3()
    yield server
    server.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser for all tests of pages; Playwright cannot be started twice in a process."""
    if CHROMIUM is None:
        pytest.skip("no chromium on the PATH")
    with sync_playwright() as playwright:
        # Without the sandbox, which does not work in a container; it opens only our own pages.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The repository after `dvc repro` on the tiny preset, committed. Tests leave it as they find it.

    The first worker that needs it runs it; each takes a clone of its own, as DVC lets one process into a repository.
    """
    folder = tmp_path_factory.getbasetemp()
    shared = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "tiny"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            # Named so only once it is whole.
            repository = copy_repository(shared.with_name("tiny_unfinished"))
            repository.dvc("repro")
            repository.commit("Run the tiny preset")
            repository.root.rename(shared)
    clone = Repository(shared).clone(tmp_path_factory.mktemp("own") / "tiny")
    clone.dvc("checkout", "--quiet")
    return clone


@pytest.fixture
def copy(tiny: Repository, tmp_path: Path) -> Repository:
    """The tiny repository's folder, for a test that breaks something in it."""
    return tiny.copy_files(tmp_path / "copy")


@pytest.fixture
def fresh(tiny: Repository, tmp_path: Path) -> Repository:
    """A copy of the tiny repository with its data, for a test that changes it."""
    return tiny.copy_all(tmp_path / "copy_of_all")
