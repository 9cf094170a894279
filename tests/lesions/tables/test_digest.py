"""A digest of predictions reveals no names, and holds enough to compare them."""

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesions.errors import InputError
from lesions.evaluation.comparison import compare_models
from lesions.evaluation.summary import summarise_scores
from lesions.gate.figures import find_tolerance
from lesions.hardware.memory import read_peak_memory
from lesions.tables.digest import parse_digest, write_digest
from tests.runs import build_predictions, guess, true_classes

Y_TRUE = true_classes(200)
FIRST, SECOND = (build_predictions(Y_TRUE, guess(Y_TRUE, 1.5, seed)) for seed in (0, 1))


def through_file(path: Path, predictions=FIRST):  # type: ignore[no-untyped-def]
    """Write a digest and read it again."""
    write_digest(path, predictions)
    return parse_digest(json.loads(path.read_text()), "here")


def test_comparing_digests_gives_the_same_as_comparing_the_predictions(tmp_path: Path) -> None:
    whole = compare_models({"a": FIRST, "b": SECOND}, rivals=["a", "b"])
    digested = compare_models(
        {"a": through_file(tmp_path / "a"), "b": through_file(tmp_path / "b", SECOND)}, rivals=["a", "b"]
    )
    for key, difference in whole.differences.items():
        assert vars(digested.differences[key]) == pytest.approx(vars(difference), abs=5e-3), key


def test_a_digest_names_no_image_and_no_group_and_is_small(tmp_path: Path) -> None:
    digested = through_file(tmp_path / "digest.json")
    assert digested.images.group_id.tolist() == [n // 2 for n in range(200)]
    text = (tmp_path / "digest.json").read_text()
    assert "image_" not in text and "g0" not in text
    assert len(text) < 3000  # 200 images of 3 classes, 2 bytes per probability


def test_the_order_of_images_does_not_matter(tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(200)
    shuffled = type(FIRST)(FIRST.images.iloc[order], FIRST.classes, FIRST.y_true[order], FIRST.logits[order])
    write_digest(tmp_path / "a", FIRST)
    write_digest(tmp_path / "b", shuffled)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_true": ["!"]}, "not a digest of predictions"),
        ({"y_true": []}, "not a digest of predictions"),
        ({"classes": ["a", "b"]}, "not a digest of predictions"),
        ({"group": ["eJwDAAAAAAE="]}, "its columns do not fit each other"),
    ],
)
def test_content_that_is_not_a_digest_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    write_digest(tmp_path / "digest.json", FIRST)
    values = json.loads((tmp_path / "digest.json").read_text()) | change
    with pytest.raises(InputError, match=rf"somewhere: not a digest.*{message.removeprefix('not a digest')}"):
        parse_digest(values, "somewhere")


def test_a_digest_keeps_the_class_that_each_image_is_called(tmp_path: Path) -> None:
    called = replace(FIRST, called=(FIRST.y_pred + 1) % 3)
    assert (through_file(tmp_path / "digest.json", called).y_pred == called.y_pred).all()


def test_in_a_digest_of_an_earlier_version_the_most_probable_class_is_the_predicted_one(tmp_path: Path) -> None:
    write_digest(tmp_path / "digest.json", FIRST)
    values = json.loads((tmp_path / "digest.json").read_text())
    del values["y_pred"]
    assert (parse_digest(values, "here").y_pred == FIRST.y_pred).all()


@given(st.integers(0, 2**32 - 1), st.sampled_from([20, 60, 200]), st.sampled_from([0.01, 1.0, 10.0]))
@settings(deadline=None, max_examples=30)
def test_the_scores_of_a_digest_are_those_of_the_predictions(seed: int, N: int, scale: float) -> None:
    predictions = build_predictions(true_classes(N), scale * guess(true_classes(N), 1.5, seed))
    with TemporaryDirectory() as folder:
        digested = through_file(Path(folder, "digest.json"), predictions)
    scores = summarise_scores(digested)
    for metric, score in summarise_scores(predictions).items():
        assert scores[metric] == pytest.approx(score, rel=0.001, abs=find_tolerance(metric, N)), metric


def pack(values: bytes) -> list[str]:
    return [base64.b64encode(zlib.compress(values, 9)).decode()]


def test_a_column_that_would_fill_the_memory_is_not_unpacked(tmp_path: Path) -> None:
    write_digest(tmp_path / "digest.json", FIRST)
    values = json.loads((tmp_path / "digest.json").read_text())
    zeros = pack(bytes(200_000_000))
    before = read_peak_memory()
    for column in ("y_true", "group", "log_probabilities"):
        for num_images in (200, None):
            with pytest.raises(InputError, match=r"a column has more than .* values, or no end"):
                parse_digest(values | {column: zeros}, "here", num_images)
    assert read_peak_memory() - before < 100e6


@pytest.mark.parametrize(
    ("change", "num_images", "message"),
    [
        ({}, 199, "a column has more than 199 values"),
        ({}, 201, r"200 images, expected 201"),
        ({"classes": ["a", "a", "b"]}, None, "classes: expected different names, at most 1,000, got 3"),
        (
            {"classes": list(map(str, range(1001)))},
            None,
            "classes: expected different names, at most 1,000, got 1,001",
        ),
        ({"classes": []}, None, "classes: expected different names"),
        ({"classes": ["a", "b", 3]}, None, "classes: expected a list of names"),
        (dict.fromkeys(("y_true", "y_pred", "group", "log_probabilities"), pack(b"")), None, "do not fit each other"),
        ({"y_true": ["eJwDAAAAAAE="[:8]]}, None, "a column has more than .* values, or no end"),
    ],
)
def test_a_digest_of_other_images_or_classes_is_refused(
    tmp_path: Path, change: dict[str, object], num_images: int | None, message: str
) -> None:
    write_digest(tmp_path / "digest.json", FIRST)
    values = json.loads((tmp_path / "digest.json").read_text()) | change
    with pytest.raises(InputError, match=message):
        parse_digest(values, "here", num_images)
