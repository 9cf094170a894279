"""Score a model on subgroups of the test images, by each attribute that parts them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesions.evaluation.attributes import AttributeValue, list_values
from lesions.evaluation.binomial import LEVEL
from lesions.evaluation.decisions import call_at, merge_sides
from lesions.evaluation.interval import Estimate
from lesions.evaluation.parts import Comparisons, compare_parts
from lesions.evaluation.proportions import estimate_mean_proportions
from lesions.tables.predictions import Predictions

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class SubgroupDifference:
    """The difference between a subgroup and all other test images, over the diagnoses that both have.

    Attributes
    ----------
    value
        The mean difference in recall, with each diagnosis alike.
    weighted_value
        The mean difference in recall, with each diagnosis weighted by how many groups it has on both sides.
    p_value
        Two-sided p-value of the hypothesis that the recall of each diagnosis is the same on both sides.
    p_adjusted
        The same p-value, adjusted for all subgroups that were scored together.
    """

    value: float
    weighted_value: float
    p_value: float
    p_adjusted: float

    @property
    def is_beyond_noise(self) -> bool:
        """Whether the difference is significant on the test images."""
        return self.p_adjusted < 1 - LEVEL


@dataclass(frozen=True)
class Subgroup:
    """A model's score on the test images that have one value of an attribute.

    Attributes
    ----------
    num_images, num_groups
        The images and groups that are scored.
    score
        The balanced accuracy over the diagnoses in the subgroup, or its sensitivity.
    difference
        None if the subgroup and all other test images share no diagnosis.
    """

    attribute: str
    value: str
    num_images: int
    num_groups: int
    score: Estimate
    difference: SubgroupDifference | None

    @property
    def is_beyond_noise(self) -> bool:
        """Whether the subgroup differs significantly from all other test images."""
        return self.difference is not None and self.difference.is_beyond_noise


@dataclass(frozen=True)
class Subgroups:
    """The subgroups that are large enough, and how low the lowest of their scores is by chance.

    Attributes
    ----------
    num_left_out
        Number of subgroups that have too few groups.
    lowest_by_chance
        The median of the lowest score if no subgroup differs; None if there are no subgroups.
    """

    scored: list[Subgroup]
    num_left_out: int
    lowest_by_chance: float | None

    @property
    def lowest(self) -> Subgroup:
        """The subgroup with the lowest score."""
        return min(self.scored, key=lambda subgroup: subgroup.score.value)

    @property
    def num_beyond_noise(self) -> int:
        """The number of subgroups that differ significantly from all other test images."""
        return sum(one.is_beyond_noise for one in self.scored)


def compare_accuracies(predictions: Predictions, *, min_groups: int, seed: int = 0) -> Subgroups:
    """Compare the balanced accuracy of each subgroup with that of all other test images.

    Parameters
    ----------
    predictions
        Predictions of the test images, with their metadata.
    min_groups
        The smallest number of groups with which a subgroup is scored.
    """
    hits = predictions.y_pred == predictions.y_true
    return _compare(predictions, hits, list(list_values(predictions.images)), min_groups, by_class=True, seed=seed)


def compare_sensitivities(
    predictions: Predictions,
    *,
    sides: Sequence[bool | None],
    threshold: float,
    min_groups: int,
    min_malignant_groups: int,
    seed: int = 0,
) -> Subgroups:
    """Compare the sensitivity of each subgroup with that of all other malignant test images.

    The sensitivity is a share of malignant images. Its difference is taken within diagnoses, so that a subgroup does
    not differ because its malignant diagnoses are others.

    Parameters
    ----------
    predictions
        Predictions of the test images, with their metadata.
    sides
        Whether each class is malignant; None if it is neither malignant nor benign.
    threshold
        The probability from which an image is called malignant, as it is written in a file.
    min_groups, min_malignant_groups
        The smallest numbers of groups, and of malignant groups, with which a subgroup is scored.
    """
    is_malignant = np.array([side is True for side in sides])[predictions.y_true]
    malignant = predictions.keep(is_malignant)
    called = call_at(merge_sides(malignant, sides), threshold).y_pred == 1
    group_id = predictions.images.group_id
    parts = [
        (attribute, value, inside[is_malignant])
        for attribute, value, inside in list_values(predictions.images)
        if group_id[inside].nunique() >= min_groups
    ]
    return _compare(malignant, called, parts, min_malignant_groups, by_class=False, seed=seed)


def _compare(
    predictions: Predictions,
    hits: Flags,
    parts: Sequence[AttributeValue],
    min_groups: int,
    *,
    by_class: bool,
    seed: int,
) -> Subgroups:
    """Score the parts that have enough groups by their share of hits, or by the mean of the shares of each class."""
    group_id, y_true = predictions.images.group_id, predictions.y_true
    chosen = [part for part in parts if group_id[part[2]].nunique() >= min_groups]
    if not chosen:
        return Subgroups([], len(parts), None)
    insides = [inside for _, _, inside in chosen]
    sets = [inside[:, None] & (y_true[:, None] == np.unique(y_true[inside])) for inside in insides]
    families = sets if by_class else [inside[:, None] for inside in insides]
    found = compare_parts(hits, y_true, np.stack(insides, axis=1), group_id, seed=seed)
    scored = [
        Subgroup(attribute, value, int(inside.sum()), group_id[inside].nunique(), score, difference)
        for (attribute, value, inside), score, difference in zip(
            chosen,
            estimate_mean_proportions(hits, families, group_id),
            _list_differences(found, [bool(np.isin(y_true[inside], y_true[~inside]).any()) for inside in insides]),
            strict=True,
        )
    ]
    chance = found.lowest_mean if by_class else found.lowest_share
    return Subgroups(scored, len(parts) - len(chosen), chance)


def _list_differences(found: Comparisons, has_shared: Sequence[bool]) -> Iterator[SubgroupDifference | None]:
    columns = (found.difference, found.weighted_difference, found.p_value, found.p_adjusted)
    for *numbers, shared in zip(*columns, has_shared, strict=True):
        yield SubgroupDifference(*map(float, numbers)) if shared else None
