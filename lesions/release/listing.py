"""What is released, in which stage it is, what it is worth, and how it compares to the release before."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from dvc.exceptions import DvcException

from lesions.errors import InputError
from lesions.evaluation.comparison import CompareParameters
from lesions.gate.judgement import judge_changes
from lesions.gate.metrics import RevisionMetrics, read_metrics
from lesions.gate.pairs import pair_revisions
from lesions.gate.rules import Rule
from lesions.parameters.section import read_section
from lesions.project.git import run_git
from lesions.project.revisions import open_project, open_revision
from lesions.registry.manifest import MANIFEST, ReleaseManifest, read_release
from lesions.registry.tags import Artifact, Tag, find_stages, find_versions, select_tags
from lesions.release.gating import select_model
from lesions.release.place import find_artifact, read_tags
from lesions.serving.manifest import Score


@dataclass(frozen=True)
class Entry:
    """A released version.

    Attributes
    ----------
    released
        The day of its tag (UTC).
    stages
        The stages that it is in, each with the day since when.
    score
        That of the metric that chooses models (`compare.metric`), on test images; None if the release has none.
    compared
        How it compares to the version before, in words; empty for the first.
    """

    artifact: Artifact
    version: str
    released: str
    stages: tuple[tuple[str, str], ...]
    score: Score | None
    compared: str


def list_registry(params: Path) -> tuple[str, list[Entry]]:
    """Return the metric that is listed, and the versions of each model of the project, the newest first."""
    metric = read_section(params, "compare", CompareParameters).metric
    tags = read_tags()
    names = sorted({tag.artifact.name for tag in tags})
    artifacts = [find_artifact(name) for name in names]
    return metric, [entry for each in artifacts for entry in _list_versions(each, select_tags(tags, each), metric)]


def _list_versions(artifact: Artifact, tags: Sequence[Tag], metric: str) -> list[Entry]:
    versions, stages = find_versions(tags), find_stages(tags)
    compared = dict(_compare_versions(artifact.name, versions, metric))
    return [
        Entry(
            artifact,
            version,
            _spell_day(tag),
            tuple((stage, _spell_day(put)) for stage, (within, put) in stages.items() if within == version),
            _read_score(artifact, tag, metric),
            compared.get(version, ""),
        )
        for version, tag in reversed(versions.items())
    ]


def _compare_versions(model: str, versions: dict[str, Tag], metric: str) -> Iterator[tuple[str, str]]:
    """Yield each version but the first, and how it compares to the one before."""
    if len(versions) < 2:
        return
    measured = {version: _read_metrics(tag, model) for version, tag in versions.items()}
    rule = Rule(direction="higher", floor=None, largest_drop=0.0, beyond_noise=True)
    for earlier, version in pairwise(versions):
        before, now = measured[earlier], measured[version]
        if isinstance(before, str) or isinstance(now, str):
            yield version, f"cannot be compared with {earlier}: {before if isinstance(before, str) else now}"
            continue
        rows = judge_changes(pair_revisions(before, now, {metric: rule}), {metric: rule})
        if not rows:
            yield version, f"cannot be compared with {earlier}: neither lists {model} in params.yaml"
            continue
        (row,) = rows
        gain = "" if row.gain is None else f"{row.gain:+.3f}, "
        yield version, f"{gain}{row.outcome} since {earlier}"


def _read_metrics(tag: Tag, model: str) -> RevisionMetrics | str:
    """Return the metrics of a model at the commit of a release, or why they cannot be read."""
    try:
        with open_project() as repo, open_revision(repo, tag.commit) as files:
            return select_model(read_metrics(files, tag.text), model)
    except (InputError, DvcException) as error:
        return str(error)


def _read_score(artifact: Artifact, tag: Tag, metric: str) -> Score | None:
    try:
        manifest = read_released(artifact, tag)
    except InputError as error:
        print(f"warning: {error}", file=sys.stderr, flush=True)
        return None
    return manifest.scores.get(metric) if manifest else None


def read_released(artifact: Artifact, tag: Tag) -> ReleaseManifest | None:
    """Return the manifest of a release of this repository; None if another tool made its tag."""
    assert tag.version is not None
    place = f"{tag.commit}:{artifact.name_file(tag.version, MANIFEST)}"
    try:
        content = run_git("cat-file", "blob", place)
    except InputError:
        return None
    return read_release(content, artifact, tag.version, source=place)


def _spell_day(tag: Tag) -> str:
    return datetime.fromtimestamp(tag.seconds, UTC).date().isoformat()
