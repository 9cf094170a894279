"""The remotes in DVC's settings: what `--add` writes, and what is unsafe."""

from contextlib import chdir
from pathlib import Path
from shutil import rmtree

import pytest
from dvc.config import Config
from dvc.exceptions import DvcException

from lesions.errors import InputError
from lesions.storage.remotes import add_remote, describe_unsafe
from tests.builders import ROOT
from tests.repository import Repository
from tests.stores import find_object, open_dvc, push, run_storage


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of DVC without remotes, as the current folder."""
    (tmp_path / "project/.dvc").mkdir(parents=True)
    (tmp_path / "project/dvc.yaml").write_text("stages: {}\n")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.mark.parametrize(
    ("url", "endpoint", "settings"),
    [
        ("s3://bucket/lesions", None, {}),
        ("s3://bucket/lesions", "https://s3.example.org", {"endpointurl": "https://s3.example.org"}),
        ("ssh://user@example.org/srv/lesions", None, {}),
        ("/mnt/share/lesions", None, {}),
    ],
)
def test_an_added_remote_is_the_default_one_and_verified(
    empty: Path, url: str, endpoint: str | None, settings: dict[str, str]
) -> None:
    assert add_remote(url, endpoint) == "storage"
    config = Config(".dvc")  # which DVC validates
    assert config["core"]["remote"] == "storage"
    assert settings.items() <= config["remote"]["storage"].items()
    assert (config["remote"]["storage"]["url"], config["remote"]["storage"]["verify"]) == (url, True)
    assert [*describe_unsafe()] == []
    assert not (empty / ".dvc/config.local").exists()
    known = url.replace("user@", "…@")
    message = (
        f"there is a remote storage already, at {known}; `dvc remote remove storage` forgets it, and leaves all that "
        "is stored there"
    )
    with pytest.raises(InputError) as raised:
        add_remote("/another")
    assert str(raised.value) == message


def test_a_folder_is_meant_from_where_it_was_typed(project: Repository) -> None:
    (project.root / ".dvc/config").write_text("")
    status, printed = run_storage(Repository(project.root / "data"), "--add", "../../remote")
    assert status == 0
    assert printed.startswith("added the remote storage to .dvc/config, with `verify = true`. Credentials belong in ")
    assert run_storage(project)[0] == 0


def test_an_absolute_folder_is_the_same_one_in_a_clone_elsewhere(project: Repository, tmp_path: Path) -> None:
    (project.root / ".dvc/config").write_text("")
    share = tmp_path / "share"
    assert run_storage(Repository(project.root / "data"), "--add", str(share))[0] == 0
    push(project)
    assert share.is_dir()
    project.commit("Add a remote")
    clone = Repository(tmp_path / "deeper/down/clone")
    project.run("git", "clone", "--quiet", str(project.root), str(clone.root))
    with open_dvc(clone) as repo:
        repo.pull()
    assert (clone.root / "data/raw/1.jpg").read_text() == "lesion"
    assert Config(str(clone.root / ".dvc"))["remote"]["storage"]["url"] == str(share)


def test_a_folder_in_the_home_folder_is_that_of_each_user(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_storage(Repository(empty), "--add", "~/lesions")[0] == 0
    assert "url = ~/lesions\n" in (empty / ".dvc/config").read_text()
    monkeypatch.setenv("HOME", "/home/another")
    assert Config(".dvc")["remote"]["storage"]["url"] == "/home/another/lesions"


@pytest.mark.parametrize("typed", ["clinic@nas.local:/srv/lesions", "nas.local:lesions", "D:share"])
def test_a_place_that_is_spelt_as_for_scp_is_no_folder(empty: Path, typed: str) -> None:
    with pytest.raises(InputError) as raised:
        run_storage(Repository(empty), "--add", typed)
    assert str(raised.value) == (
        f"--add: {typed} is neither a URL nor a folder: a folder of another machine is ssh://USER@HOST/PATH, and one "
        "of this machine whose name has a colon is ./NAME"
    )
    assert not (empty / ".dvc/config").exists()
    assert run_storage(Repository(empty), "--add", f"./{typed}")[0] == 0


@pytest.mark.parametrize(
    ("url", "endpoint", "message"),
    [
        (
            *("ssh://user:secret@example.org/srv", None),
            "ssh://…@example.org/srv holds a password, and git would track it: leave it out, and keep it in "
            ".dvc/config.local: dvc remote modify --local storage password …",
        ),
        (
            *("ssh://example.org/srv", "https://s3.example.org"),
            "--endpoint is for stores that are compatible with S3, and ssh://example.org/srv does not begin with "
            "s3://",
        ),
        ("s3://[bad", None, "s3://[bad is no URL: Invalid IPv6 URL"),
    ],
)
def test_what_cannot_be_added_is_refused(empty: Path, url: str, endpoint: str | None, message: str) -> None:
    with pytest.raises(InputError) as raised:
        add_remote(url, endpoint)
    assert str(raised.value) == message
    assert not (empty / ".dvc/config").exists()


def test_an_unknown_kind_of_url_leaves_the_settings_as_they_were(empty: Path) -> None:
    (empty / ".dvc/config").write_text("[core]\n    analytics = false\n")
    with pytest.raises(
        InputError, match="DVC knows no such remote: config file error: Unsupported URL type gopher://"
    ):
        add_remote("gopher://example.org/lesions")
    assert (empty / ".dvc/config").read_text() == "[core]\n    analytics = false\n"


def test_a_remote_without_verification_and_a_secret_in_git_are_unsafe(empty: Path) -> None:
    (empty / ".dvc/config").write_text(
        "['remote \"a\"']\n    url = s3://bucket\n    secret_access_key = x\n"
        "['remote \"b\"']\n    url = ssh://user:x@example.org/\n    verify = true\n"
        "['remote \"c\"']\n    url = s3://bucket\n    endpointurl = https://key:x@example.org\n    verify = true\n"
    )
    (empty / ".dvc/config.local").write_text("['remote \"b\"']\n    password = y\n")
    assert [*describe_unsafe()] == [
        "`dvc pull` takes what the remote a sends without comparing hashes, so that a corrupted object counts as up "
        "to date: dvc remote modify a verify true",
        ".dvc/config, which git tracks, holds the secret_access_key of the remote a: move it to .dvc/config.local "
        "(dvc remote modify --local a …), and replace it if it was ever committed",
        ".dvc/config, which git tracks, holds the password in the URL of the remote b: move it to .dvc/config.local "
        "(dvc remote modify --local b …), and replace it if it was ever committed",
        ".dvc/config, which git tracks, holds the password in the endpointurl of the remote c: move it to "
        ".dvc/config.local (dvc remote modify --local c …), and replace it if it was ever committed",
    ]


def test_unsafe_settings_are_no_success(project: Repository) -> None:
    config = project.root / ".dvc/config"
    config.write_text(config.read_text().replace("    verify = true\n", ""))
    status, printed = run_storage(project)
    assert (status, printed.splitlines()[-1].endswith(": the settings are unsafe")) == (1, True)
    assert "dvc remote modify storage verify true." in printed


def test_dvc_itself_refuses_a_corrupted_object_only_because_of_that_setting(project: Repository) -> None:
    name = find_object(project, "data/table.csv")
    stored = project.root.parent / "remote/files/md5" / name[:2] / name[2:]
    stored.chmod(0o644)
    stored.write_bytes(b"ONE")
    stored.chmod(0o444)
    table, config = project.root / "data/table.csv", project.root / ".dvc/config"
    text = config.read_text()
    assert "    verify = true\n" in text
    for settings, refused in ((text, True), (text.replace("    verify = true\n", ""), False)):
        config.write_text(settings)
        rmtree(project.cache)
        table.unlink(missing_ok=True)
        with open_dvc(project) as repo:
            if refused:
                with pytest.raises(DvcException):
                    repo.pull()
            else:
                repo.pull()
        assert table.exists() == (not refused)
    assert table.read_bytes() == b"ONE"


def test_git_tracks_no_secret_of_this_project() -> None:
    repository = Repository(ROOT)
    assert repository.run("git", "ls-files", ".dvc/config.local").stdout == ""
    assert repository.run("git", "check-ignore", ".dvc/config.local").stdout == ".dvc/config.local\n"
    with chdir(ROOT):
        assert not [line for line in describe_unsafe() if "git tracks" in line]
    # The keys of Amazon, but those that are made up for tests and documents.
    pattern = r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"
    found = repository.run("git", "grep", "--cached", "-h", "-o", "-E", pattern, check=False).stdout.split()
    assert {*found} <= {"AKIATESTONLYTESTONLY"}
