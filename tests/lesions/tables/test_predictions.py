"""Prediction tables are written, read and selected from."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.tables.predictions import (
    Predictions,
    read_logits,
    read_predictions,
    write_logits,
    write_predictions,
)


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


def test_the_class_that_an_image_is_called_need_not_be_the_most_probable_one(tmp_path: Path) -> None:
    written = replace(predictions(), called=np.array([2, 2, 1, 0, 0, 1]))
    write_predictions(tmp_path / "a.csv", written)
    again = read_predictions(tmp_path / "a.csv")
    assert again.y_pred.tolist() == [2, 2, 1, 0, 0, 1]
    assert again.select("test").y_pred.tolist() == [2, 0, 1]
    np.testing.assert_allclose(again.y_prob, written.y_prob, atol=1e-6)


def test_one_split_is_selected() -> None:
    test = predictions().select("test")
    assert test.images.image_id.tolist() == ["i0001", "i0003", "i0005"]
    assert test.y_true.tolist() == [1, 0, 2]


def test_a_diagnosis_without_logits_is_named_with_its_line(tmp_path: Path) -> None:
    write_predictions(tmp_path / "a.csv", predictions())
    text = (tmp_path / "a.csv").read_text().replace("i0003,g1,test,class_0", "i0003,g1,test,mole")
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=r"a.csv, line 5: y_true 'mole': no column has its logit"):
        read_predictions(tmp_path / "a.csv")


def spoil(path: Path, change: Callable[[list[list[str]]], object]) -> None:
    """Write good predictions, then change their cells; the first row is the header."""
    write_predictions(path, predictions())
    rows = [line.split(",") for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("\n".join(map(",".join, rows)) + "\n")


def set_cell(line: int, column: str, value: str) -> Callable[[list[list[str]]], object]:
    return lambda rows: rows[line - 1].__setitem__(rows[0].index(column), value)


def drop_column(name: str) -> Callable[[list[list[str]]], object]:
    def drop(rows: list[list[str]]) -> None:
        position = rows[0].index(name)
        for row in rows:
            del row[position]

    return drop


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_cell(3, "logit_class_1", "high"), "line 3: logit_class_1 'high': expected a finite number"),
        (set_cell(3, "logit_class_1", ""), "line 3: logit_class_1 '': expected a finite number"),
        (set_cell(4, "logit_class_2", "NaN"), "line 4: logit_class_2 'nan|NaN': expected a finite number"),
        (set_cell(4, "logit_class_2", "inf"), "line 4: logit_class_2 'inf': expected a finite number"),
        (set_cell(2, "logit_class_0", "x" * 500), "line 2: logit_class_0 'x{80}': expected a finite number"),
        (set_cell(2, "logit_class_0", "9.5"), "line 2: prob_class_0 '0.*': it is not the probability"),
        (set_cell(5, "prob_class_0", "0.5"), "line 5: prob_class_0 '0.5': it is not the probability that the logits"),
        (set_cell(5, "prob_class_0", "x"), "line 5: prob_class_0 'x': it is not the probability that the logits"),
        (set_cell(2, "y_pred", "mole"), "line 2: y_pred 'mole': no column has its logit"),
        (set_cell(2, "y_pred", ""), "line 2: y_pred '': no column has its logit"),
        (set_cell(2, "y_true", ""), "line 2: y_true '': no column has its logit"),
        (set_cell(3, "split", "tets"), "line 3: split 'tets': expected one of train, val, test, external"),
        (set_cell(3, "image_id", "i0000"), "line 3: image_id 'i0000': is there twice"),
        (drop_column("group_id"), "it has no group_id, or no row"),
        (drop_column("image_id"), "it has no image_id, or no row"),
        (drop_column("y_true"), "it has no y_true, or no row"),
        (lambda rows: [drop_column(f"logit_class_{k}")(rows) for k in range(3)], "it has no logit_<class>"),
        (lambda rows: rows.__delitem__(slice(1, None)), "no row"),
        (
            lambda rows: rows[-1].__delitem__(slice(-2, None)),
            "line 7: prob_class_1 '(nan)?': it is not the probability",
        ),
        (lambda rows: rows[-1].append("1"), "not a table of predictions"),
        (lambda rows: rows.clear(), "not a table of predictions"),
    ],
)
def test_a_table_that_is_not_as_it_was_written_is_refused(
    tmp_path: Path, change: Callable[[list[list[str]]], object], message: str
) -> None:
    spoil(tmp_path / "a.csv", change)
    with pytest.raises(InputError, match=rf"a\.csv.*{message}"):
        read_predictions(tmp_path / "a.csv")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe", b"<html>", b'"', b"a,b\n1,2,3,4\n"])
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.csv: not a table of predictions"):
        read_predictions(tmp_path / "a.csv")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.csv: there is no such file"):
        read_predictions(tmp_path / "a.csv")


def test_extreme_logits_are_read_back(tmp_path: Path) -> None:
    """Their probabilities are rounded to 0 and 1, and their order is kept."""
    written = predictions()
    written.logits[:] = written.logits * 1e4
    write_predictions(tmp_path / "a.csv", written)
    np.testing.assert_array_equal(read_predictions(tmp_path / "a.csv").y_pred, written.y_pred)


def test_logits_without_a_split_are_refused(tmp_path: Path) -> None:
    write_logits(tmp_path / "a.csv", predictions())
    with pytest.raises(InputError, match=r"a\.csv: has no image of the split train; run the stage predict again"):
        read_logits(tmp_path / "a.csv")


def test_an_image_without_metadata_is_named() -> None:
    metadata = pd.DataFrame({"image_id": ["i0000"], "row": [0]})
    with pytest.raises(InputError, match="image_id 'i0001' has a prediction and no row in the metadata"):
        predictions().with_metadata(metadata)
