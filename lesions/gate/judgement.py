"""Judge the workspace by the rules: its figures against floors, those of the base, and those of the release."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lesions.evaluation.interval import Difference
from lesions.evaluation.non_inferiority import judge_difference
from lesions.gate.metrics import RevisionMetrics
from lesions.gate.noise import Key, estimate_gains, find_excessive_drops
from lesions.gate.outcomes import Change, Judgement, ReleaseRow, Row
from lesions.gate.pairs import Pair, Pairs, Rules, pair_revisions
from lesions.gate.rules import TEST, Rule, find_file


def judge_metrics(
    base: RevisionMetrics, now: RevisionMetrics, rules: Rules, release: RevisionMetrics | None = None
) -> Judgement:
    """Judge the workspace's metrics, for each model and rule.

    Parameters
    ----------
    base, now
        The revision to compare with, and the workspace.
    rules
        The rule of each metric.
    release
        The last release; None if no rule names one.
    """
    pairs = pair_revisions(base, now, rules)
    rows, problems = judge_changes(pairs, rules), [*pairs.problems]
    since_release: tuple[ReleaseRow, ...] = ()
    if release:
        asked = {metric: rule for metric, rule in rules.items() if rule.not_worse_by is not None}
        pairs = pair_revisions(release, now, asked)
        since_release = judge_since_release(pairs, asked)
        problems += pairs.problems
    return Judgement(
        rows, tuple(dict.fromkeys(problems)), (*_list_idle(rows, rules), *_list_notes(rows)), since_release
    )


def judge_changes(pairs: Pairs, rules: Rules) -> tuple[Row, ...]:
    """Judge each figure against its floor, and its change since the base."""
    gains = pairs.list_gains()
    estimates, excessive = estimate_gains(gains), find_excessive_drops(gains, rules)
    return tuple(
        _judge_row(pair, key := (model, metric), rule, estimate=estimates.get(key), is_excessive=key in excessive)
        for model, pair in pairs.by_model.items()
        for metric, rule in rules.items()
        if pair.has(metric)
    )


def judge_since_release(pairs: Pairs, rules: Rules) -> tuple[ReleaseRow, ...]:
    """Judge whether each metric has been shown not to be worse by more than its rule allows since the release."""
    estimates = estimate_gains(pairs.list_gains())
    rows = []
    for model, pair in pairs.by_model.items():
        for metric, rule in rules.items():
            assert rule.not_worse_by is not None
            row = ReleaseRow(model, metric, *pair.find_stated(metric), rule.not_worse_by)
            estimate = estimates.get((model, metric))
            if estimate:
                verdict = judge_difference(estimate, not_worse_by=rule.not_worse_by)
                rows.append(replace(row, low=estimate.low, verdict=verdict))
            else:
                rows.append(replace(row, obstacle=pair.find_obstacle(metric) or Change.UNKNOWN))
    return tuple(rows)


def _judge_row(pair: Pair, key: Key, rule: Rule, *, estimate: Difference | None, is_excessive: bool) -> Row:
    model, metric = key
    base, now = pair.find_stated(metric)
    change, is_beyond_noise = pair.find_obstacle(metric), None
    if change is None:
        assert base is not None and now is not None
        gain = rule.gain(base, now)
        if estimate and gain:
            is_beyond_noise = (estimate.value > 0) == (gain > 0) and (is_excessive or estimate.is_beyond_noise)
        change = _judge_gain(gain, rule, is_beyond_noise=is_beyond_noise, is_excessive=is_excessive)
    is_below_floor = pair.is_confirmed(metric) and now is not None and rule.is_beyond_floor(now)
    return Row(model, metric, base, now, rule, change, is_below_floor, is_beyond_noise)


def _judge_gain(gain: float, rule: Rule, *, is_beyond_noise: bool | None, is_excessive: bool) -> Change:
    """Return what became of a metric; `is_beyond_noise` is None if its gain cannot be tested."""
    if gain >= 0:
        return Change.UNCHANGED if gain == 0 else Change.BETTER if is_beyond_noise else Change.GAINED
    if not rule.is_over_limit(gain):
        return Change.ALLOWED
    if not rule.beyond_noise:
        return Change.REGRESSION
    if is_beyond_noise is None:
        return Change.UNKNOWN
    return Change.REGRESSION if is_excessive else Change.ALLOWED


def _list_idle(rows: Sequence[Row], rules: Rules) -> Iterator[str]:
    """Yield a sentence for each rule of a metric that no model has in either revision."""
    judged = {row.metric for row in rows}
    yield from (
        f"no model has {metric}, so that its rule judges nothing"
        for metric in rules
        if find_file(metric) != TEST and metric not in judged
    )


def _list_notes(rows: Sequence[Row]) -> Iterator[str]:
    floored = [row for row in rows if row.rule.floor is not None and row.now is not None]
    bases = [row.base for row in floored if row.base is not None and row.rule.is_beyond_floor(row.base)]
    if bases and len(bases) == len(floored) == sum(row.is_below_floor for row in floored):
        yield (
            "every figure is below its floor at the base too: the floors may be for another dataset; see gate in "
            "params.yaml"
        )
