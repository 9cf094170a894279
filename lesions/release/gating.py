"""Judging one model by the gate's rules, beside its last release."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lesions.gate.judgement import judge_metrics
from lesions.gate.metrics import RevisionMetrics
from lesions.gate.outcomes import Judgement
from lesions.gate.revisions import read_revisions


def judge_beside_release(model: str, base: str | None, params: Path) -> Judgement:
    """Judge the workspace's scores of one model by the rules in `gate`.

    Parameters
    ----------
    base
        The commit of the last release; None if there is none. Then the scores are compared with themselves, so that
        only their floors can fail.

    Raises
    ------
    InputError
        If the rules or the metrics cannot be read.
    """
    found = read_revisions(base or "HEAD", params, "workspace", with_release=False)
    before, now = (select_model(side, model) for side in (found.base, found.now))
    asks = base is not None and any(rule.not_worse_by is not None for rule in found.rules.values())
    return judge_metrics(before, now, found.rules, before if asks else None)


def describe_failures(judgement: Judgement) -> Iterator[str]:
    """Yield, in words, why a judgement did not pass; nothing if it did."""
    if not judgement.exit_status:
        return
    yield from judgement.problems
    for row in judgement.all_rows:
        if row.is_failure or row.is_unknown:
            yield f"{row.metric} is {row.now}: {row.outcome}"
    if not judgement.rows:
        yield "none of its metrics has a rule"


def select_model(metrics: RevisionMetrics, model: str) -> RevisionMetrics:
    """Return the metrics of one model of a revision."""
    return replace(metrics, models={name: one for name, one in metrics.models.items() if name == model})
