"""Prediction tables are written, read and selected from."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.tables.predictions import Predictions, read_predictions, write_predictions


def predictions(N: int = 6, K: int = 3, seed: int = 0) -> Predictions:
    generator = np.random.default_rng(seed)
    y_true = np.arange(N) % K
    images = pd.DataFrame(
        {
            "image_id": [f"i{n:04d}" for n in range(N)],
            "group_id": [f"g{n // 2}" for n in range(N)],
            "split": ["val", "test"] * (N // 2),
        }
    )
    logits = generator.normal(size=(N, K)) + 2 * np.eye(K)[y_true]
    return Predictions(images, tuple(f"class_{k}" for k in range(K)), y_true, logits)


def test_predictions_are_read_back_to_six_decimals(tmp_path: Path) -> None:
    written = predictions()
    write_predictions(tmp_path / "a.csv", written)
    again = read_predictions(tmp_path / "a.csv")
    pd.testing.assert_frame_equal(again.images, written.images)
    assert again.classes == written.classes
    np.testing.assert_array_equal(again.y_true, written.y_true)
    np.testing.assert_allclose(again.logits, written.logits, atol=5e-7)
    np.testing.assert_allclose(again.y_prob.sum(axis=1), 1)


def test_the_table_has_the_expected_columns_and_is_sorted_by_image(tmp_path: Path) -> None:
    written = predictions()
    shuffled = Predictions(written.images[::-1], written.classes, written.y_true[::-1], written.logits[::-1])
    write_predictions(tmp_path / "a.csv", shuffled)
    table = pd.read_csv(tmp_path / "a.csv")
    classes = ["class_0", "class_1", "class_2"]
    expected = ["image_id", "group_id", "split", "y_true", "y_pred"]
    assert table.columns.tolist() == [*expected, *(f"logit_{k}" for k in classes), *(f"prob_{k}" for k in classes)]
    assert table.image_id.tolist() == written.images.image_id.tolist()
    assert table.y_true.tolist() == classes * 2
    assert ("prob_" + table.y_pred == table.filter(like="prob_").idxmax(axis=1)).all()


def test_one_split_is_selected() -> None:
    test = predictions().select("test")
    assert test.images.image_id.tolist() == ["i0001", "i0003", "i0005"]
    assert test.y_true.tolist() == [1, 0, 2]


def test_a_diagnosis_without_logits_is_named_with_its_line(tmp_path: Path) -> None:
    write_predictions(tmp_path / "a.csv", predictions())
    text = (tmp_path / "a.csv").read_text().replace("i0003,g1,test,class_0", "i0003,g1,test,mole")
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=r"a.csv, line 5: no logit for y_true 'mole'"):
        read_predictions(tmp_path / "a.csv")
