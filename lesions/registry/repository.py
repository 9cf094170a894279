"""The releases in a git repository of others: its tags and manifests, without its history and without a checkout."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from lesions.errors import InputError, quote_value
from lesions.fetching.request import hide_credentials
from lesions.project.git import run_git
from lesions.registry.tags import FORMAT, Artifact, Tag, parse_tags, select_tags

TRANSPORTS = {"GIT_ALLOW_PROTOCOL": "file:https"}
"""What git may use, where it is redirected to as well; `ext::` would run a program."""

MAX_REPOSITORY_BYTES = 500_000_000
MAX_TAGS = 10_000


@dataclass(frozen=True)
class RemoteReleases:
    """The releases of one model in a repository.

    Attributes
    ----------
    artifact
        The model.
    tags
        Its tags, the oldest first.
    """

    artifact: Artifact
    tags: list[Tag]
    _folder: Path

    def read_file(self, tag: Tag, file: str, *, max_bytes: int) -> bytes | None:
        """Return the content of a file of the release that a tag is of, or None if the release has no such file.

        Raises
        ------
        InputError
            If the file is too large.
        """
        assert tag.version is not None
        path = self.artifact.name_file(tag.version, file)
        listed = self._run("ls-tree", "--long", "-z", tag.commit, "--", path).decode("utf-8", "replace")
        if not listed:
            return None
        kind, num_bytes = listed.split()[1], listed.split()[3]
        if kind != "blob" or int(num_bytes) > max_bytes:
            raise InputError(f"{path} of {tag.text}: is no file of at most {max_bytes:,} bytes")
        return self._run("cat-file", "blob", f"{tag.commit}:{path}")

    def _run(self, *arguments: str) -> bytes:
        return _run_in(self._folder, *arguments)


@contextmanager
def open_releases(address: str, artifact: Artifact) -> Iterator[RemoteReleases]:
    """Yield the releases of a model in a git repository, from a temporary copy of what its tags name.

    Parameters
    ----------
    address
        From `check_repository`.

    Raises
    ------
    InputError
        If git cannot read the repository, or if it is larger than `MAX_REPOSITORY_BYTES`.
    """
    with TemporaryDirectory(prefix="lesions-releases-") as temporary:
        folder = Path(temporary)
        _run_in(folder, "init", "--quiet", "--bare", "--template=")
        _run_in(folder, "remote", "add", "--", "origin", address)
        patterns = (f"refs/tags/{artifact.prefix}@*", f"refs/tags/{artifact.prefix}#*")
        references = [f"+{pattern}:{pattern}" for pattern in patterns]
        if _run_in(folder, "ls-remote", "--refs", "--", "origin", *patterns):  # with nothing to fetch, git fails
            _run_in(folder, "fetch", "--quiet", "--no-tags", "--depth=1", "--", "origin", *references)
        listed = _run_in(folder, "for-each-ref", f"--format={FORMAT}", f"--count={MAX_TAGS}", "refs/tags")
        tags = select_tags(parse_tags(listed.decode("utf-8", "replace")), artifact)
        yield RemoteReleases(artifact, tags, folder)


def check_repository(address: str) -> str:
    """Return the address of a git repository as git takes it: by https, or by file for a folder of this machine.

    Raises
    ------
    InputError
        If it is another one. Other transports of git reach further: `ext::` runs a program.
    """
    is_web = is_file = False
    with suppress(ValueError, OSError):  # no URL, or longer than a path may be
        if address and not address.startswith("-") and Path(address).is_dir():
            return Path(address).resolve().as_uri()
        parts = urlsplit(address)
        is_web = parts.scheme == "https" and bool(parts.hostname)
        is_file = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    if not (is_web or is_file) or not address.isprintable() or address.startswith("-"):
        shown = quote_value(hide_credentials(address))
        raise InputError(f"--from: expected a git repository by https://… or file:///…, or its folder, got {shown}")
    return address


def _run_in(folder: Path, *arguments: str) -> bytes:
    environment = {**TRANSPORTS, "GIT_DIR": str(folder)}
    return run_git(*arguments, folder=folder, environment=environment, max_file_bytes=MAX_REPOSITORY_BYTES)
