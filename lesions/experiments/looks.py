"""How often a test set has been looked at: the different predictions of its images that git and DVC know."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lesions.project.git import ask_git, run_git
from lesions.project.revisions import is_shallow
from lesions.tables.paths import ModelPaths
from lesions.tables.run_files import SPLIT_METRICS, TEST_IMAGES, read_test_images

METRICS = Path("metrics")
DIGEST = ModelPaths("").metrics_file("digest").name


@dataclass(frozen=True)
class Looks:
    """The looks at the test images of the workspace.

    Attributes
    ----------
    num_predictions
        The different predictions of these images: each model of each commit or experiment that scored anew.
    num_commits
        The commits and experiments that hold them.
    is_whole
        Whether the history is whole: a shallow clone knows only its last commits.
    """

    num_predictions: int
    num_commits: int
    is_whole: bool


def count_looks() -> Looks:
    """Count the different predictions of the workspace's test images in all branches, tags and experiments.

    The predictions are those of the digests (`metrics/<model>/digest.json`) beside a `metrics/split.json` that names
    the same test images.
    """
    images = read_test_images()
    seen = {_identify(_parse(path.read_bytes())) for path in METRICS.glob(f"*/{DIGEST}")}
    scored: dict[str, bool] = {}
    identities: dict[str, str] = {}
    num_commits = 0
    for files in _list_versions():
        split, digests = files.pop(SPLIT_METRICS.name, None), files
        if split is None:
            continue
        if split not in scored:
            scored[split] = _read_blob(split).get(TEST_IMAGES) == images
        if scored[split]:
            for blob in digests.values():
                if blob not in identities:
                    identities[blob] = _identify(_read_blob(blob))
            found = {identities[blob] for blob in digests.values()} - {NO_PREDICTIONS}
            num_commits += bool(found)
            seen |= found
    return Looks(len(seen - {NO_PREDICTIONS}), num_commits, is_whole=not is_shallow())


def _list_versions() -> Iterator[dict[str, str]]:
    """Yield the blobs of the split's metrics and the digests, by path, for each commit that changed one of them."""
    paths = [f"{METRICS}/{SPLIT_METRICS.name}", f":(glob){METRICS}/*/{DIGEST}"]
    # All references, among them DVC's experiments.
    commits = ask_git("log", "--all", "--full-history", "--format=%H", "--", *paths).split()
    for commit in commits:
        listed = run_git("ls-tree", "-r", "-z", commit, "--", f"{METRICS}/").decode()
        entries = (entry.split("\t", 1) for entry in filter(None, listed.split("\0")))
        blobs = {Path(path): about.split()[2] for about, path in entries}
        yield {
            path.relative_to(METRICS).as_posix(): blob
            for path, blob in blobs.items()
            if path == SPLIT_METRICS or path.name == DIGEST
        }


def _identify(digest: dict[str, Any]) -> str:
    """Return what tells the predictions of a digest from others."""
    return json.dumps([digest.get("y_true"), digest.get("log_probabilities")])


NO_PREDICTIONS = _identify({})
"""What a digest says that is sealed, or that no run wrote."""


def _read_blob(blob: str) -> dict[str, Any]:
    return _parse(run_git("cat-file", "blob", blob))


def _parse(content: bytes) -> dict[str, Any]:
    """Return a JSON object, or an empty one of a file that no run wrote, such as one with the marks of a conflict."""
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
