"""A digest of predictions reveals no names, and holds enough to compare them."""

import json
from pathlib import Path

import numpy as np
import pytest

from lesions.errors import InputError
from lesions.evaluation.comparison import compare_models
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
    assert digested.images.group_id.tolist() == [str(n // 2) for n in range(200)]
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
