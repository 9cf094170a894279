"""Judge the metrics of two revisions by the rules: each figure against its floor, and against the base's."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from lesions.errors import InputError
from lesions.evaluation.comparison import check_same_images, compare_models
from lesions.evaluation.interval import Difference
from lesions.gate.figures import Figures, confirm_figures
from lesions.gate.metrics import RevisionMetrics
from lesions.gate.outcomes import DROPS, Change, Judgement, Row
from lesions.gate.rules import Rule

Rules = Mapping[str, Rule]
Drops = Mapping[str, Difference]


def judge_metrics(base: RevisionMetrics, now: RevisionMetrics, rules: Rules) -> Judgement:
    """Judge the workspace's metrics against the base's, for each model and rule."""
    rows: list[Row] = []
    problems = [*_list_problems(base, now)]
    for model in sorted({*base.models, *now.models}):
        before, after = (
            confirm_figures(side, model, rules) if model in side.models else None for side in (base, now)
        )
        drops: Drops | None = {}
        if before and after:
            try:
                drops = _measure_drops(base, now, model) if _is_same(base, now) else None
            except InputError as error:
                drops, problems = None, [*problems, f"metrics/{model}/digest.json: {error}"]
        if after:
            problems += [*(before.problems if before else ()), *after.problems]
        rows += _judge_model(model, before, after, rules=rules, drops=drops)
    return Judgement(tuple(rows), tuple(problems), tuple(_list_notes(rows)))


def _judge_model(
    model: str, before: Figures | None, after: Figures | None, *, rules: Rules, drops: Drops | None
) -> Iterator[Row]:
    """Yield the rows of a model; `drops` is None if the test images are not the same."""
    for metric, rule in rules.items():
        old, new = (side.stated.get(metric) if side else None for side in (before, after))
        confirmed = after.confirmed.get(metric) if after else None
        drop = drops.get(metric) if drops else None
        if after is None:
            change = Change.REMOVED
        elif confirmed is None:
            change = Change.UNKNOWN
        elif before is None:
            change = Change.ADDED
        elif drops is None:
            change = Change.OTHER_IMAGES
        elif metric not in before.confirmed:
            change = Change.UNKNOWN
        else:
            change = _compare(before.confirmed[metric], confirmed, rule, drop=drop)
        yield Row(
            model,
            metric,
            old,
            new,
            rule,
            change,
            is_below_floor=confirmed is not None and rule.is_beyond_floor(confirmed),
            is_beyond_noise=drop.is_beyond_noise if drop and change in DROPS else None,
        )


def _compare(before: float, after: float, rule: Rule, *, drop: Difference | None) -> Change:
    gain = rule.gain(before, after)
    if gain >= 0:
        return Change.BETTER if gain else Change.UNCHANGED
    if rule.largest_drop is None or -gain <= rule.largest_drop:
        return Change.ALLOWED
    if not rule.beyond_noise:
        return Change.REGRESSION
    if drop is None:
        return Change.UNKNOWN
    return Change.REGRESSION if drop.is_beyond_noise else Change.ALLOWED


def _measure_drops(base: RevisionMetrics, now: RevisionMetrics, model: str) -> Drops:
    """Return the difference of each metric that is resampled, base minus now; none without both digests."""
    digests = {side.name: side.models[model].digest for side in (base, now)}
    pair = {name: digest for name, digest in digests.items() if digest}
    if len(pair) < len(digests):
        return {}
    check_same_images(pair)
    compared = compare_models(pair, rivals=list(pair))
    # A metric that hardly any resample defines has no p-value.
    return {name: drop for (_, _, name), drop in compared.differences.items() if isfinite(drop.p_holm)}


def _is_same(base: RevisionMetrics, now: RevisionMetrics) -> bool:
    """Return whether both revisions say that they have the same test images."""
    return base.test_images_sha256 is not None and base.test_images_sha256 == now.test_images_sha256


def _list_problems(base: RevisionMetrics, now: RevisionMetrics) -> Iterator[str]:
    yield from (*base.problems, *now.problems)
    if not base.models.keys() & now.models.keys():
        yield "no model is in both revisions"
    if base.test_images_sha256 and now.test_images_sha256 and not _is_same(base, now):
        yield (
            "the test images are not those of the base, because the dataset or its split differs "
            f"(metrics/split.json, test_images_sha256: {base.test_images_sha256[:12]} at the base, "
            f"{now.test_images_sha256[:12]} now). Scores on different images cannot be compared"
        )


def _list_notes(rows: Sequence[Row]) -> Iterator[str]:
    floored = [row for row in rows if row.rule.floor is not None and row.now is not None]
    bases = [row.base for row in floored if row.base is not None and row.rule.is_beyond_floor(row.base)]
    if bases and len(bases) == len(floored) == sum(row.is_below_floor for row in floored):
        yield (
            "every figure is below its floor at the base too: the floors may be for another dataset; see gate in "
            "params.yaml"
        )
