"""One answer per lesion or patient, by the rule by which lesions are scored: the mean of the probabilities."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesions.evaluation.unit_calls import call_units
from lesions.serving.answers import OK, REFUSED, UNLIKE, Rules, Status, call_malignant


@dataclass(frozen=True)
class GroupAnswer:
    """What a model says about the images of one lesion or patient together.

    There is no prediction set: the sets were calibrated on single images.

    Attributes
    ----------
    group
        The value of the column, or the folder.
    status
        `refused` if all images are refused; `not like the training images` if all others are.
    num_images, num_refused, num_unlike
        How many images it has, how many of them are refused, and how many are not like the training images. The
        latter count in the means, as they do in the scores of the model.
    diagnosis
        As lesions are called when a model is scored.
    probabilities
        The mean of those of the images; empty if all are refused.
    malignancy
        The mean of those of the images.
    is_called_malignant
        Whether it is at least the threshold.
    abstains
        Whether the probability of the diagnosis is too low to say it.
    model
        As in `Answer`.
    """

    group: str
    status: Status
    num_images: int
    num_refused: int
    num_unlike: int
    diagnosis: str | None
    probabilities: Mapping[str, float]
    malignancy: float | None
    is_called_malignant: bool | None
    abstains: bool | None
    model: str


@dataclass
class _Sums:
    probabilities: NDArray[np.float64]
    votes: NDArray[np.float64]
    malignancy: float = 0.0
    counts: dict[Status, int] = field(default_factory=lambda: {OK: 0, REFUSED: 0, UNLIKE: 0})


class Groups:
    """The sums over the images of each group, of which there are few numbers for each."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._names = rules.manifest.class_names
        self._sums: dict[str, _Sums] = {}
        calibration = rules.manifest.calibration
        # Without a shift, and with one scale, the highest logit is the highest probability.
        self._calls_most_probable = len({*calibration.scale}) == len({*calibration.shift}) == 1

    def add(self, group: str, row: Mapping[str, Any]) -> None:
        """Count the row of an image for its group; "" is none."""
        if not group:
            return
        K = len(self._names)
        sums = self._sums.setdefault(group, _Sums(np.zeros(K), np.zeros(K)))
        sums.counts[row["status"]] += 1
        if row["status"] != REFUSED:
            sums.probabilities += [row["probabilities"][name] for name in self._names]
            sums.votes[self._names.index(row["diagnosis"])] += 1
            sums.malignancy += row["malignancy"] or 0.0

    def answers(self) -> Iterator[GroupAnswer]:
        """Yield the answer for each group, in the order in which they first appeared."""
        for group, sums in self._sums.items():
            yield self._answer(group, sums)

    def _answer(self, group: str, sums: _Sums) -> GroupAnswer:
        num_ok, num_refused, num_unlike = (sums.counts[each] for each in (OK, REFUSED, UNLIKE))
        num_answered = num_ok + num_unlike
        counts: dict[str, Any] = {
            "num_images": num_answered + num_refused,
            "num_refused": num_refused,
            "num_unlike": num_unlike,
        }
        if not num_answered:
            empty: dict[str, Any] = dict.fromkeys(("diagnosis", "malignancy", "is_called_malignant", "abstains"))
            return GroupAnswer(
                group=group, status=REFUSED, probabilities={}, model=self._rules.model, **counts, **empty
            )
        mean = sums.probabilities / num_answered
        called = int(call_units(mean[None], None if self._calls_most_probable else sums.votes[None])[0])
        has_malignancy = self._rules.manifest.thresholds.malignancy is not None
        malignancy = sums.malignancy / num_answered if has_malignancy else None
        return GroupAnswer(
            group=group,
            status=OK if num_ok else UNLIKE,
            diagnosis=self._names[called],
            probabilities=dict(zip(self._names, mean.tolist(), strict=True)),
            malignancy=malignancy,
            is_called_malignant=call_malignant(malignancy, self._rules.manifest),
            abstains=bool(mean[called] < self._rules.min_confidence),
            model=self._rules.model,
            **counts,
        )
