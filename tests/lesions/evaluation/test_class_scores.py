"""The scores of each class are those of `score_classes` and scikit-learn, with intervals over groups."""

import numpy as np
import pytest
from scipy.stats import beta
from sklearn.metrics import roc_auc_score

from lesions.evaluation.class_scores import list_class_scores
from lesions.evaluation.scores import score_classes
from tests.runs import CLASSES, build_predictions


def test_values_are_those_of_the_scores_and_lie_in_their_intervals() -> None:
    generator = np.random.default_rng(0)
    y_true, y_pred = generator.integers(3, size=(2, 200))
    rows = list_class_scores(build_predictions(y_true, np.eye(3)[y_pred]))
    scores = score_classes(y_true, y_pred, 3)
    for row in rows:
        code = CLASSES.index(row["diagnosis"])
        area = roc_auc_score(y_true == code, y_pred == code)
        assert row["value"] == pytest.approx({**vars(scores), "roc_auc": {code: area}}[row["score"]][code])
        assert row["support"] == scores.support[code]
        assert row["low"] < row["value"] < row["high"]
        assert row["num_groups"] == len({n // 2 for n in np.flatnonzero(y_true == code)})
    assert len(rows) == 12


def test_a_class_that_is_found_in_three_of_three_groups_has_a_recall_of_at_least_0_29() -> None:
    y_true = np.repeat([0, 1], [3, 60])
    rows = list_class_scores(build_predictions(y_true, np.eye(3)[y_true], range(63)))
    recall = next(row for row in rows if (row["diagnosis"], row["score"]) == (CLASSES[0], "recall"))
    assert (recall["value"], recall["low"], recall["high"]) == (1, pytest.approx(beta.ppf(0.025, 3, 1)), 1)


def test_scores_without_a_denominator_are_omitted() -> None:
    """No image is of the third class, and none is called the second."""
    y_true, y_pred = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0])
    rows = list_class_scores(build_predictions(y_true, np.eye(3)[y_pred]))
    assert {(row["diagnosis"], row["score"]) for row in rows} == {
        (CLASSES[0], "precision"), (CLASSES[0], "recall"), (CLASSES[0], "f1"),
        (CLASSES[1], "recall"), (CLASSES[1], "f1"), (CLASSES[0], "roc_auc"), (CLASSES[1], "roc_auc"),
    }  # fmt: skip


@pytest.mark.slow
def test_intervals_contain_the_truth_in_groups_of_images() -> None:
    """Groups of one to ten images of one diagnosis, called right or wrong together but for a third of them."""

    def draw(num_groups: int, seed: int) -> list[dict[str, object]]:
        generator = np.random.default_rng(seed)
        group = np.repeat(np.arange(num_groups), generator.integers(1, 11, size=num_groups))
        y_true = generator.choice(3, size=num_groups, p=[0.2, 0.5, 0.3])[group]
        says = generator.choice(3, size=num_groups, p=[0.3, 0.4, 0.3])[group]
        alone = generator.random(len(group)) < 1 / 3
        y_pred = np.where((generator.random(num_groups) < 0.7)[group] ^ alone, y_true, says)
        return list_class_scores(build_predictions(y_true, np.eye(3)[y_pred], group))

    truth = draw(20_000, 0)
    found = [draw(104, seed) for seed in range(1, 41)]
    covered = [
        np.mean([one[row]["low"] <= truth[row]["value"] <= one[row]["high"] for one in found])  # type: ignore[operator]
        for row in range(len(truth))
    ]
    assert np.mean(covered) >= 0.93
    assert min(covered) >= 0.85
