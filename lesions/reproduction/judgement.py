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

    A stage without scores that can be judged, such as `predict`, is as good as the worst of those that read its
    results; one whose results no stage reads, such as `report`, as the worst of those that it follows from.
    """
    sources = link_stages({**now.stages, **recorded.stages})
    alone = {name: _judge_alone(name, recorded, now) for name in sources}
    settled: dict[str, tuple[Verdict, str]] = {}
    # From the last stage to the first, so that those that read a result are judged before it.
    for name in reversed(sources):
        readers = [reader for reader, read in sources.items() if name in read]
        if alone[name].verdict is not None or readers:
            settled[name] = _settle(alone[name], {other: settled[other] for other in readers if other in settled})
    for name in sources:
        if name not in settled:
            followed = {other: settled[other] for other in _list_ancestors(name, sources) if settled[other][0]}
            settled[name] = _settle(alone[name], followed)
    rows = (
        StageRow(name, *settled[name], is_origin=_is_origin(name, settled[name][0], recorded, now))
        for name in sources
    )
    return Judgement(tuple(rows), tuple(problems))


@dataclass(frozen=True)
class Alone:
    """What a stage's own results say.

    Attributes
    ----------
    verdict
        None if they have no score to judge.
    reason
        Why, in words.
    at_best
        What the stage is at best if others have to judge it.
    """

    verdict: Verdict | None
    reason: str
    at_best: Verdict = Verdict.WITHIN_ROUNDING


def _judge_alone(name: str, recorded: RunRecord, now: RunRecord) -> Alone:
    before, after = recorded.stages.get(name), now.stages.get(name)
    if before is None:
        return Alone(Verdict.DIFFERENT, "dvc.lock has no record of it")
    if after is None:
        return Alone(Verdict.DIFFERENT, "did not run to its end")
    if others := list_changed(dict(before.made_from), dict(after.made_from)):
        return Alone(Verdict.DIFFERENT, f"dvc.lock records another {name_some(sorted(others))} than the revision has")
    changed = _list_changed_outputs(before, after, recorded, now)
    if not changed:
        return Alone(Verdict.SAME_BITS, "")
    files = [path for path in {*before.writes, *after.writes} if path in {*recorded.metrics, *now.metrics}]
    changes = compare_scores(*({path: run.metrics.get(path, {}) for path in files} for run in (recorded, now)))
    return _judge_scores(changes, f"other bits in {name_some(changed)}")


def _judge_scores(changes: ScoreChanges, bits: str) -> Alone:
    chosen = [f"chosen otherwise: {'; '.join(changes.chosen)}"] if changes.chosen else []
    unjudged = [f"figures without an interval that differ: {changes.num_unjudged}"] if changes.num_unjudged else []
    if changes.contradictions:
        return Alone(Verdict.DIFFERENT, name_some([*changes.contradictions]))
    if changes.outside:
        return Alone(Verdict.DIFFERENT, name_some([*changes.outside]))
    if changes.num_figures and changes.are_equal:
        return Alone(Verdict.WITHIN_ROUNDING, bits)
    if changes.num_within:
        within = f"scores within their intervals: {changes.num_within}"
        return Alone(Verdict.WITHIN_INTERVAL, "; ".join([within, *unjudged, *chosen]))
    at_best = Verdict.WITHIN_ROUNDING if changes.are_equal else Verdict.WITHIN_INTERVAL
    return Alone(None, "; ".join([bits, *chosen]), at_best)


def _settle(alone: Alone, others: Mapping[str, tuple[Verdict, str]]) -> tuple[Verdict, str]:
    """Return the verdict of a stage and the reason, if need be by other stages and their verdicts."""
    if alone.verdict is not None:
        return alone.verdict, alone.reason
    if not others:
        return Verdict.DIFFERENT, f"{alone.reason}; no score says how much that is"
    worst = max(sorted(others), key=lambda name: others[name][0])
    return max(others[worst][0], alone.at_best), f"{alone.reason}; as {worst}"


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
