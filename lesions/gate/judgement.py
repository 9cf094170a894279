"""Judge the metrics of two revisions by the rules."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeGuard

from lesions.evaluation.comparison import check_same_images, compare_models
from lesions.evaluation.interval import Difference
from lesions.gate.revisions import RevisionMetrics
from lesions.gate.rules import Rule


class Outcome(StrEnum):
    """The outcome for one metric of one model."""

    BETTER = "better"
    UNCHANGED = "unchanged"
    WORSE = "worse, allowed"
    NOT_SIGNIFICANT = "not significant"
    REGRESSION = "regression"
    BEYOND_FLOOR = "below the floor"
    ADDED = "model added"
    REMOVED = "model removed"
    UNKNOWN = "cannot tell"


FAILURES = (Outcome.REGRESSION, Outcome.BEYOND_FLOOR)


@dataclass(frozen=True)
class Row:
    """One metric of one model at the base and now; None where it is missing."""

    model: str
    metric: str
    base: float | None
    now: float | None
    rule: Rule
    outcome: Outcome


@dataclass(frozen=True)
class Judgement:
    """All rows, and a sentence for each problem that prevents a judgement."""

    rows: tuple[Row, ...]
    problems: tuple[str, ...]

    @property
    def exit_status(self) -> int:
        """The exit code: 1 on a failure, 2 if the metrics cannot be judged, else 0."""
        outcomes = {row.outcome for row in self.rows}
        if outcomes & set(FAILURES):
            return 1
        return 2 if self.problems or Outcome.UNKNOWN in outcomes else 0

    @property
    def headline(self) -> str:
        """The judgement in one or two words."""
        return {0: "passed", 1: "failed", 2: "cannot tell"}[self.exit_status]


def judge_metrics(base: RevisionMetrics, now: RevisionMetrics, rules: Mapping[str, Rule]) -> Judgement:
    """Judge the workspace's metrics against the base's, for each model and rule."""
    comparable = base.test_images_sha256 is not None and base.test_images_sha256 == now.test_images_sha256
    rows = []
    for model in sorted({*base.models, *now.models}):
        drops = _measure_drops(base, now, model=model, rules=rules) if comparable else {}
        for metric, rule in rules.items():
            before, after = _read(base, model, metric), _read(now, model, metric)
            if model not in now.models:
                outcome = Outcome.REMOVED
            elif after is None:
                outcome = Outcome.UNKNOWN
            elif rule.is_beyond_floor(after):
                outcome = Outcome.BEYOND_FLOOR
            elif model not in base.models:
                outcome = Outcome.ADDED
            elif before is None or not comparable:
                outcome = Outcome.UNKNOWN
            else:
                outcome = _compare(before, after, rule, drop=drops.get(metric))
            rows.append(Row(model, metric, before, after, rule, outcome))
    return Judgement(tuple(rows), tuple(_list_problems(base, now, rules)))


def _measure_drops(
    base: RevisionMetrics, now: RevisionMetrics, *, model: str, rules: Mapping[str, Rule]
) -> dict[str, Difference]:
    """Return the difference of each metric, base minus now, if a rule needs it and both revisions have a digest."""
    if model not in base.digests or model not in now.digests:
        return {}
    pair = {"base": base.digests[model], "now": now.digests[model]}
    check_same_images(pair)
    if not any(rule.beyond_noise for rule in rules.values()):
        return {}
    compared = compare_models(pair, rivals=list(pair))
    return {metric: difference for (_, _, metric), difference in compared.differences.items()}


def _compare(before: float, after: float, rule: Rule, *, drop: Difference | None) -> Outcome:
    gain = rule.gain(before, after)
    if gain == 0:
        return Outcome.UNCHANGED
    if gain > 0:
        return Outcome.BETTER
    if rule.largest_drop is None or -gain <= rule.largest_drop:
        return Outcome.WORSE
    if not rule.beyond_noise:
        return Outcome.REGRESSION
    if drop is None:
        return Outcome.UNKNOWN
    return Outcome.REGRESSION if drop.is_beyond_noise else Outcome.NOT_SIGNIFICANT


def _list_problems(base: RevisionMetrics, now: RevisionMetrics, rules: Mapping[str, Rule]) -> Iterator[str]:
    if not any(now.models.values()):
        yield "the workspace has no metrics/<model>/test.json; run `dvc repro` first"
        return
    if not any(base.models.values()):
        yield (
            "the base has no metrics/<model>/test.json: its metrics were not committed, or it is older than that file"
        )
        return
    if not base.models.keys() & now.models.keys():
        yield "no model is in both revisions"
    if base.test_images_sha256 is None:
        yield "the base does not say which test images its metrics are of (metrics/split.json, test_images_sha256)"
    elif base.test_images_sha256 != now.test_images_sha256:
        yield (
            "the test images are not those of the base, because the dataset or its split differs "
            f"(metrics/split.json, test_images_sha256: {base.test_images_sha256[:12]} at the base, "
            f"{(now.test_images_sha256 or 'none')[:12]} now). Scores on different images cannot be compared"
        )
    for name, revision in (("the base", base), ("the workspace", now)):
        for model in sorted(revision.models.keys() & now.models.keys()):
            metrics = revision.models[model]
            missing = [metric for metric in rules if not _is_number(metrics.get(metric))]
            if not metrics:
                yield f"metrics/{model}/test.json of {name} is missing or broken"
            elif model not in revision.digests and any(rule.beyond_noise for rule in rules.values()):
                yield f"{name} has no metrics/{model}/digest.json, which the test of a drop needs"
            elif missing:
                present = ", ".join(metric for metric, value in metrics.items() if _is_number(value))
                yield f"metrics/{model}/test.json of {name} has no {', '.join(missing)}; it has {present}"


def _read(revision: RevisionMetrics, model: str, metric: str) -> float | None:
    value = revision.models.get(model, {}).get(metric)
    return float(value) if _is_number(value) else None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
