"""Judging each stage of a run that was made anew, and naming where it left the recorded one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import PurePosixPath

from lesions.experiments.differences import name_some
from lesions.parameters.differences import list_changed
from lesions.reproduction.recorded import MACHINE, PAGE, RunRecord, StageRecord, link_stages
from lesions.reproduction.scores import ScoreChanges, compare_scores

PROVENANCE = re.compile(r'<section id="provenance".*?</section>', re.DOTALL)


class Verdict(IntEnum):
    """How far a stage came out again, from best to worst."""

    SAME_BITS = 0
    WITHIN_ROUNDING = 1
    WITHIN_INTERVAL = 2
    DIFFERENT = 3

    @property
    def words(self) -> str:
        """The verdict in words."""
        return ("same bits", "same scores within rounding", "within the interval", "different")[self]


@dataclass(frozen=True)
class StageRow:
    """One stage: its verdict, why, and whether it diverged by itself, from inputs of the same bits."""

    stage: str
    verdict: Verdict
    reason: str = ""
    is_origin: bool = False


@dataclass(frozen=True)
class Judgement:
    """All stages, each after those whose results it reads; sentences for what went wrong; and what else to know."""

    rows: tuple[StageRow, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """0: same bits; 1: not reproduced; 2: it cannot be told; 3: reproduced within noise."""
        if not self.rows:
            return 2
        worst = max(row.verdict for row in self.rows)
        if worst is Verdict.DIFFERENT or self.problems:
            return 1
        return 0 if worst is Verdict.SAME_BITS else 3

    @property
    def headline(self) -> str:
        """The judgement in a few words."""
        return {0: "same bits", 1: "not reproduced", 2: "cannot tell", 3: "reproduced within noise"}[self.exit_status]

    @property
    def origins(self) -> tuple[str, ...]:
        """The stages that departed by themselves, the first one first."""
        return tuple(row.stage for row in self.rows if row.is_origin)


def judge_run(recorded: RunRecord, now: RunRecord, *, problems: Iterable[str] = ()) -> Judgement:
    """Judge each stage of a run beside what was recorded of it.

    A stage without scores of its own, such as `predict`, is as good as the worst of those that read its results; one
    whose results no stage reads, as the worst of those that it reads.
    """
    stages = {**now.stages, **recorded.stages}
    sources = link_stages(stages)
    own = {name: _judge_alone(name, recorded, now) for name in sources}
    # From the last stage to the first, so that the verdicts of all readers are there.
    readers: dict[str, list[str]] = {name: [] for name in sources}
    settled: dict[str, tuple[Verdict, str]] = {}
    for name in reversed(sources):
        settled[name] = _settle(name, own, settled, readers[name], _list_ancestors(name, sources))
        for source in sources[name]:
            readers[source].append(name)
    rows = [
        StageRow(name, *settled[name], is_origin=_is_origin(name, settled[name][0], recorded, now))
        for name in sources
    ]
    return Judgement(tuple(rows), tuple(problems))


Alone = tuple[Verdict | None, str]
"""What a stage's own results say, and why; None if they have no scores to judge."""


def _judge_alone(name: str, recorded: RunRecord, now: RunRecord) -> Alone:
    before, after = recorded.stages.get(name), now.stages.get(name)
    if before is None:
        return Verdict.DIFFERENT, "dvc.lock has no record of it"
    if after is None:
        return Verdict.DIFFERENT, "did not run to its end"
    if others := list_changed(dict(before.made_from), dict(after.made_from)):
        return Verdict.DIFFERENT, f"dvc.lock records another {name_some(sorted(others))} than the revision has"
    changed = _list_changed_outputs(before, after, recorded, now)
    if not changed:
        return Verdict.SAME_BITS, ""
    files = [path for path in {*before.writes, *after.writes} if path in {*recorded.metrics, *now.metrics}]
    changes = compare_scores(*({path: run.metrics.get(path, {}) for path in files} for run in (recorded, now)))
    return _judge_scores(changes, f"other bits in {name_some(changed)}")


def _judge_scores(changes: ScoreChanges, bits: str) -> Alone:
    chosen = [f"chosen otherwise: {'; '.join(changes.chosen)}"] if changes.chosen else []
    unjudged = [f"{changes.num_unjudged} others without one differ"] if changes.num_unjudged else []
    if changes.contradictions:
        return Verdict.DIFFERENT, name_some([*changes.contradictions])
    if changes.outside:
        return Verdict.DIFFERENT, name_some([*changes.outside])
    if changes.num_figures and changes.are_equal:
        return Verdict.WITHIN_ROUNDING, bits
    if changes.num_within:
        return Verdict.WITHIN_INTERVAL, "; ".join(
            [f"{changes.num_within} scores are within their intervals", *unjudged, *chosen]
        )
    return None, "; ".join([bits, *chosen])


def _settle(
    name: str,
    own: Mapping[str, Alone],
    settled: Mapping[str, tuple[Verdict, str]],
    readers: Iterable[str],
    ancestors: Iterable[str],
) -> tuple[Verdict, str]:
    """Return the verdict of a stage, which others may have to give."""
    verdict, reason = own[name]
    if verdict is not None:
        return verdict, reason
    judges = {reader: settled[reader][0] for reader in sorted(readers)} or {
        other: judged for other in sorted(ancestors) if (judged := own[other][0])
    }
    if not judges:
        return Verdict.DIFFERENT, f"{reason}; no score says how much that is"
    worst = max(judges, key=lambda judge: judges[judge])
    return max(judges[worst], Verdict.WITHIN_ROUNDING), f"{reason}; as {worst}"


def _list_ancestors(name: str, sources: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [*sources[name]]
    while waiting:
        source = waiting.pop()
        if source not in reached:
            reached.add(source)
            waiting += sources[source]
    return reached


def _is_origin(name: str, verdict: Verdict, recorded: RunRecord, now: RunRecord) -> bool:
    before, after = recorded.stages.get(name), now.stages.get(name)
    if verdict is Verdict.SAME_BITS or before is None or after is None:
        return False
    written = [path for path in before.reads if path not in before.made_from]
    return all(before.reads[path] == after.reads.get(path) for path in written)


def _list_changed_outputs(before: StageRecord, after: StageRecord, recorded: RunRecord, now: RunRecord) -> list[str]:
    """Return the files that differ, without what says on which machine and with which versions the run was made."""
    changed = list_changed(dict(before.writes), dict(after.writes))
    return sorted(
        path
        for path in changed
        if PurePosixPath(path).name != MACHINE and not (path == PAGE and _differ_in_provenance_alone(recorded, now))
    )


def _differ_in_provenance_alone(recorded: RunRecord, now: RunRecord) -> bool:
    if recorded.page is None or now.page is None:
        return False
    return PROVENANCE.sub("", recorded.page) == PROVENANCE.sub("", now.page)
