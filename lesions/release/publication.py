"""Adding a commit and its tag to the repository, both or neither."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from lesions.project.git import ask_git, run_git
from lesions.registry.tags import Tag

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

run_alone = partial(run_git, process_group=0)
"""Run git so that Ctrl-C on the terminal does not end it."""


def publish_files(files: Mapping[str, bytes], *, onto: str, tag: str, message: str, after: Sequence[Tag]) -> str:
    """Commit files on top of the current commit, tag this commit, and return its hash.

    Ctrl-C and the like are ignored meanwhile; whatever fails, the repository and the workspace are as before. No
    hook for commits runs.

    Parameters
    ----------
    files
        The content of each new file, by its path from git's root; the workspace has nothing that is not committed.
    onto
        The hash of the current commit; if it is another one by now, nothing is done.
    after
        The earlier tags of the model.
    """
    root, dated = Path(ask_git("rev-parse", "--show-toplevel")), _date(after)
    with TemporaryDirectory() as folder, _without_signals():
        apart = {**dated, "GIT_INDEX_FILE": str(Path(folder, "index"))}
        run_alone("read-tree", onto, folder=root, environment=apart)
        blobs = {path: _write_object(content, "blob") for path, content in files.items()}
        lines = "".join(f"100644 {blob}\t{path}\0" for path, blob in blobs.items())
        run_alone("update-index", "-z", "--index-info", folder=root, content=lines.encode(), environment=apart)
        tree = run_alone("write-tree", folder=root, environment=apart).decode().strip()
        commit = run_alone("commit-tree", tree, "-p", onto, "-m", message, environment=dated).decode().strip()
        tagged = _write_tag(commit, tag, message, dated)
        try:
            run_alone("read-tree", "-m", "-u", onto, commit, folder=root)
            _update_references(f"update HEAD {commit} {onto}", f"create refs/tags/{tag} {tagged}", message=message)
        except BaseException:
            run_alone("read-tree", "-m", "-u", commit, onto, folder=root)
            raise
    return commit


def publish_tag(commit: str, *, tag: str, message: str, after: Sequence[Tag]) -> None:
    """Add an annotated tag to a commit; `after` are the earlier tags of the model."""
    _update_references(f"create refs/tags/{tag} {_write_tag(commit, tag, message, _date(after))}", message=message)


def _write_tag(commit: str, tag: str, message: str, dated: Mapping[str, str]) -> str:
    tagger = run_alone("var", "GIT_COMMITTER_IDENT", environment=dated).decode().strip()
    return _write_object(f"object {commit}\ntype commit\ntag {tag}\ntagger {tagger}\n\n{message}\n".encode(), "tag")


def _write_object(content: bytes, kind: str) -> str:
    return run_alone("hash-object", "-w", "-t", kind, "--stdin", content=content).decode().strip()


def _update_references(*commands: str, message: str) -> None:
    """Change references by commands of `git update-ref`, all or none."""
    run_alone("update-ref", "-m", message, "--stdin", content="".join(f"{line}\n" for line in commands).encode())


def _date(after: Sequence[Tag]) -> dict[str, str]:
    """Return what dates commits and tags: now, or a second after the last tag.

    GTO orders tags by their dates, to the second. Of two in one second, or after one from a machine whose clock is
    ahead, the later would not count.
    """
    seconds = max([int(time.time()), *(tag.seconds + 1 for tag in after)])
    return {"GIT_COMMITTER_DATE": f"@{seconds} +0000", "GIT_AUTHOR_DATE": f"@{seconds} +0000"}


@contextmanager
def _without_signals() -> Iterator[None]:
    """Ignore Ctrl-C and the like in the block, which takes less than a second."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in IGNORED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
