"""One answer per lesion, by the rule by which lesions are scored."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation.units import average_units
from lesions.serving.answers import Rules
from lesions.serving.grouping import GroupAnswer, Groups
from lesions.tables.predictions import Predictions
from tests.served import CLASSES, build_manifest

SHIFTED: dict[str, Any] = {"calibration": {"method": "vector", "scale": [1, 1, 1], "shift": [0, 1, 0]}}


def make_row(probabilities: list[float], diagnosis: str | None = None, status: str = "ok") -> dict[str, Any]:
    return {
        "status": status,
        "probabilities": dict(zip(CLASSES, probabilities, strict=True)),
        "diagnosis": diagnosis or CLASSES[int(np.argmax(probabilities))],
        "malignancy": probabilities[0],
    }


def group(rows: list[tuple[str, dict[str, Any]]], **changes: Any) -> list[GroupAnswer]:
    groups = Groups(Rules(build_manifest(**changes), "custom_cnn@0", 0.5))
    for name, row in rows:
        groups.add(name, row)
    return list(groups.answers())


REFUSED: dict[str, Any] = {"status": "refused", "probabilities": {}, "diagnosis": None, "malignancy": None}


def test_a_group_has_the_mean_of_the_probabilities() -> None:
    first, second = group(
        [
            ("L1", make_row([0.75, 0.125, 0.125])),
            ("L2", make_row([0.25, 0.25, 0.5])),
            ("", make_row([1, 0, 0])),
            ("L1", make_row([0.25, 0.5, 0.25])),
            ("L1", REFUSED),
            ("L2", make_row([0.25, 0.25, 0.5], status="not like the training images")),
        ]
    )
    assert first.probabilities == {"melanoma": 0.5, "nevus": 0.3125, "vascular_lesion": 0.1875}
    assert (first.group, first.status, first.diagnosis, first.abstains) == ("L1", "ok", "melanoma", False)
    assert (first.malignancy, first.is_called_malignant) == (0.5, True)
    assert (first.num_images, first.num_refused, first.num_unlike) == (3, 1, 0)
    assert (second.num_images, second.num_unlike, second.malignancy) == (2, 1, 0.25)
    assert (second.is_called_malignant, second.abstains) == (False, False)


def test_a_group_of_which_nothing_can_be_said_says_so() -> None:
    unlike, refused = group(
        [("a", make_row([0.4, 0.3, 0.3], status="not like the training images")), ("b", REFUSED), ("a", REFUSED)]
    )
    assert (unlike.status, unlike.diagnosis, unlike.abstains) == ("not like the training images", "melanoma", True)
    assert (refused.status, refused.probabilities, refused.diagnosis) == ("refused", {}, None)


def test_where_images_are_called_by_another_rule_most_of_them_decide() -> None:
    rows = [
        ("L", make_row([0.9, 0.1, 0.0])),
        ("L", make_row([0.6, 0.4, 0.0], "nevus")),
        ("L", make_row([0.6, 0.4, 0.0], "nevus")),
    ]
    (answer,) = group(rows, **SHIFTED)
    assert answer.diagnosis == "nevus"
    assert answer.probabilities["melanoma"] == pytest.approx(0.7)


@pytest.mark.parametrize("by_another_rule", [False, True])
def test_groups_are_called_as_evaluation_calls_lesions(by_another_rule: bool) -> None:
    generator = np.random.default_rng(1)
    N = 300
    logits = generator.normal(size=(N, 3))
    lesions = generator.integers(0, 90, N).astype(str)
    called = (logits + np.array([0, 1, 0])).argmax(axis=1) if by_another_rule else None
    images = pd.DataFrame({"image_id": np.arange(N).astype(str), "group_id": lesions, "split": "test"})
    predictions = Predictions(images, CLASSES, np.zeros(N, np.int64), logits, called)
    expected, _ = average_units(predictions, pd.Series(lesions))
    rows = [
        (lesion, make_row([*map(float, probabilities)], CLASSES[code]))
        for lesion, probabilities, code in zip(lesions, predictions.y_prob, predictions.y_pred, strict=True)
    ]
    answers = group(rows, **(SHIFTED if by_another_rule else {}))
    assert [answer.group for answer in answers] == list(expected.images.group_id)
    assert [answer.diagnosis for answer in answers] == [CLASSES[code] for code in expected.y_pred]
    probabilities = [[*answer.probabilities.values()] for answer in answers]
    np.testing.assert_allclose(probabilities, expected.y_prob, atol=1e-12)
