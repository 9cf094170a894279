"""Two revisions beside each other: the figures of each model in both, and its gains on the same test images."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np

from lesions.errors import InputError
from lesions.evaluation.comparison import check_same_images
from lesions.evaluation.estimation import HeadlineMetric, measure_metrics
from lesions.evaluation.measurement import Measurement
from lesions.gate.figures import Figures, confirm_figures
from lesions.gate.metrics import RevisionMetrics
from lesions.gate.noise import Key
from lesions.gate.outcomes import Change
from lesions.gate.rules import TEST, Rule, find_file

Rules = Mapping[str, Rule]
Gains = Mapping[str, Measurement | None]
"""How much better each metric is that is resampled; None where the predictions have not changed."""


@dataclass(frozen=True)
class Pair:
    """One model in an earlier revision and in the workspace.

    Attributes
    ----------
    before, after
        The figures in the earlier revision and in the workspace; None if the model is not in it.
    gains
        How much better each metric is now; empty without both digests, and None if the test images are not the same.
    is_sealed
        Whether the scores of the model are sealed in either.
    files
        The metrics files that it has in either.
    added_files
        Those of them that a model of both has in the workspace alone.
    """

    before: Figures | None
    after: Figures | None
    gains: Gains | None
    is_sealed: bool = False
    files: frozenset[str] = frozenset({TEST})
    added_files: frozenset[str] = frozenset()

    def has(self, metric: str) -> bool:
        """Return whether the model is of a kind that has a metric."""
        return find_file(metric) in self.files

    def find_stated(self, metric: str) -> tuple[float | None, float | None]:
        """Return the two figures in `test.json`, confirmed or not; None where there is no number."""
        before, after = (side.stated.get(metric) if side else None for side in (self.before, self.after))
        return before, after

    def is_confirmed(self, metric: str) -> bool:
        """Return whether the workspace's figure counts."""
        return self.after is not None and metric in self.after.confirmed

    def find_obstacle(self, metric: str) -> Change | None:
        """Return why the two figures of a metric cannot be compared; None if they can."""
        if self.after is None:
            return Change.REMOVED
        if self.is_sealed:
            return Change.SEALED
        if not self.is_confirmed(metric):
            return Change.UNKNOWN
        if self.before is None:
            return Change.ADDED
        if find_file(metric) in self.added_files:
            return Change.FILE_ADDED
        if self.gains is None:
            return Change.OTHER_IMAGES
        if metric not in self.before.confirmed:
            return Change.UNKNOWN
        is_other = find_file(metric) == "robustness" and self.before.conditions != self.after.conditions
        return Change.OTHER_CONDITIONS if is_other else None


@dataclass(frozen=True)
class Pairs:
    """All models of two revisions, by name, and a sentence for each problem that prevents a comparison."""

    by_model: Mapping[str, Pair]
    problems: tuple[str, ...]

    def list_gains(self) -> dict[Key, Measurement | None]:
        """Return the gain of each model and metric that can be compared and is resampled."""
        return {
            (model, metric): gain
            for model, pair in self.by_model.items()
            for metric, gain in (pair.gains or {}).items()
            if pair.find_obstacle(metric) is None
        }


def pair_revisions(before: RevisionMetrics, now: RevisionMetrics, rules: Rules) -> Pairs:
    """Put the models of two revisions beside each other, for the metrics that rules name."""
    pairs: dict[str, Pair] = {}
    problems = [*_list_problems(before, now)]
    for model in sorted({*before.models, *now.models}):
        held = [side.models[model] for side in (before, now) if model in side.models]
        has = frozenset({TEST}).union(*(one.others for one in held))
        was_there = frozenset({TEST, *before.models[model].others}) if model in before.models else has
        old, new = (
            confirm_figures(side, model, [metric for metric in rules if find_file(metric) in files])
            if model in side.models
            else None
            for side, files in ((before, was_there), (now, has))
        )
        gains: Gains | None = {}
        if old and new:
            try:
                gains = _measure_gains(before, now, model, rules) if _is_same(before, now) else None
            except InputError as error:
                gains, problems = None, [*problems, f"metrics/{model}/digest.json: {error}"]
        if old and new and old.conditions and new.conditions and old.conditions != new.conditions:
            problems.append(
                f"metrics/{model}/robustness.json: the test images were altered otherwise in {before.name} "
                f"(conditions_sha256: {old.conditions[:12]} in {before.name}, {new.conditions[:12]} now); see "
                "robustness in params.yaml"
            )
        if new:
            problems += [*(old.problems if old else ()), *new.problems]
        is_sealed = any(one.is_sealed for one in held)
        pairs[model] = Pair(old, new, gains, is_sealed=is_sealed, files=has, added_files=has - was_there)
    return Pairs(pairs, tuple(problems))


def _measure_gains(before: RevisionMetrics, now: RevisionMetrics, model: str, rules: Rules) -> Gains:
    digests = {side.name: side.models[model].digest for side in (before, now)}
    both = {name: digest for name, digest in digests.items() if digest}
    if len(both) < len(digests):
        return {}
    check_same_images(both)
    old, new = both.values()
    resampled = {metric: rule for metric, rule in rules.items() if metric in get_args(HeadlineMetric)}
    if np.array_equal(old.y_pred, new.y_pred) and np.array_equal(old.logits, new.logits):
        return dict.fromkeys(resampled)
    was, is_now = measure_metrics(both, seed=0).values()
    return {
        metric: is_now[metric] - was[metric] if rule.direction == "higher" else was[metric] - is_now[metric]
        for metric, rule in resampled.items()
        if metric in was and metric in is_now
    }


def _is_same(before: RevisionMetrics, now: RevisionMetrics) -> bool:
    """Return whether both revisions say that they have the same test images."""
    return before.test_images_sha256 is not None and before.test_images_sha256 == now.test_images_sha256


def _list_problems(before: RevisionMetrics, now: RevisionMetrics) -> Iterator[str]:
    yield from (*before.problems, *now.problems)
    for side in (before, now):
        if any(model.is_sealed for model in side.models.values()):
            yield f"the test scores of {side.name} are sealed (split.seal), so that nothing can be judged by them"
    if not before.models.keys() & now.models.keys():
        yield f"no model is in both {before.name} and {now.name}"
    if before.test_images_sha256 and now.test_images_sha256 and not _is_same(before, now):
        yield (
            f"the test images are not those of {before.name}, because the dataset or its split differs "
            f"(metrics/split.json, test_images_sha256: {before.test_images_sha256[:12]} in {before.name}, "
            f"{now.test_images_sha256[:12]} now). Scores on different images cannot be compared"
        )
