"""A project has the package in a folder of its own, or uses the installed one, at the version of its lock."""

from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.stage.code import Code, check_code_unchanged, write_code
from lesions.stage.imports import read_versions, trace_stages
from lesions.stage.package import LOCK, SITE, check_installed, find_source, hash_package, read_lock, write_lock
from tests.builders import ROOT

FILE = "lesions/errors.py"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that uses the installed package, in whose folder there is an environment with other files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/train.py").write_text("import lesions.report.page\nfrom own_networks import mine\n")
    (tmp_path / "own_networks").mkdir()
    (tmp_path / "own_networks/mine.py").write_text("import torch\n")
    write_lock(tmp_path / LOCK, {})
    return tmp_path


def test_imports_are_followed_into_the_installed_package(project: Path) -> None:
    trace = trace_stages(Path("stages"), read_versions(ROOT / "requirements.lock"))["train"]
    assert {"own_networks/mine.py", "stages/train.py", "lesions/report/page.py"} <= {*trace.files}
    assert trace.files["lesions/report/page.html.j2"] == hash_file(SITE / "lesions/report/page.html.j2")
    assert {"torch", "jinja2"} <= {*trace.packages}
    own = trace_stages(ROOT / "stages", read_versions(ROOT / "requirements.lock"))["report"]
    assert {name: sha for name, sha in own.files.items() if name.startswith("lesions/report/page")} == {
        name: sha for name, sha in trace.files.items() if name.startswith("lesions/report/page")
    }


def test_a_stage_finds_its_installed_code_and_says_if_that_is_another(project: Path) -> None:
    write_code(project / "code.json", Code({FILE: hash_file(SITE / FILE)}, {}))
    check_code_unchanged(project / "code.json")
    assert find_source("stages/train.py") == Path("stages/train.py")
    write_code(project / "code.json", Code({FILE: "0" * 64}, {}))
    with pytest.raises(InputError, match=rf"^{FILE}: changed since trace_code ran; run dvc repro again$"):
        check_code_unchanged(project / "code.json")
    break_lock(project)
    with pytest.raises(InputError, match=r"^lesions\.lock: this repository uses lesions"):
        check_code_unchanged(project / "code.json")


def break_lock(project: Path) -> None:
    lock = project / LOCK
    lock.write_text(lock.read_text().replace(read_lock(lock).package_sha256, "0" * 64))


def test_another_package_than_the_locked_one_is_not_traced(project: Path) -> None:
    check_installed(project)
    break_lock(project)
    with pytest.raises(
        InputError,
        match=r"^lesions\.lock: this repository uses lesions \S+, and the installed lesions \S+ has other code; "
        r"install that version again, or run `lesions update`$",
    ):
        trace_stages(project / "stages", {"torch": "2.9"})


def test_a_clone_of_lesions_needs_no_lock() -> None:
    assert not (ROOT / LOCK).exists()
    check_installed(ROOT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"lesions\.lock: there is no such file; `lesions init` makes a repository that has it"),
        ("[]", r"lesions\.lock: not what `lesions init` writes; take it from the last commit"),
        ('{"version": "1"}', r"lesions\.lock: not what `lesions init` writes; take it from the last commit"),
        (
            '{"version": "1", "package_sha256": "", "files": {"a/../../b": ""}, "schema": 1}',
            r"lesions\.lock: files: 'a/\.\./\.\./b' is outside the repository",
        ),
        (
            '{"version": "1", "package_sha256": "", "files": {"/etc/b": ""}, "schema": 1}',
            r"lesions\.lock: files: '/etc/b' is outside the repository",
        ),
        ("{", r"lesions\.lock, line 1: not valid JSON: .*"),
        (
            '{"version": "1", "package_sha256": "", "files": {}, "schema": 2}',
            r"lesions\.lock: not what `lesions init` of lesions \S+ writes; install lesions anew",
        ),
    ],
)
def test_a_broken_lock_is_named(
    text: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        LOCK.write_text(text)
    with pytest.raises(InputError, match=f"^{message}$"):
        read_lock(LOCK)


def test_the_hash_of_the_package_is_that_of_its_sources() -> None:
    assert hash_package() == hash_package()
    assert len(hash_package()) == 64
