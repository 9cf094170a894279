"""Planted errors are found, rare classes are named, and folds come before features."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torchvision import models

from lesions.baselines.cross_fitting import assign_folds
from lesions.baselines.out_of_fold import OutOfFold, find_out_of_fold, predict_by_regression
from lesions.errors import InputError
from lesions.evaluation.doubts import rank_doubts
from lesions.formats.sha256 import hash_file
from lesions.tables.predictions import Predictions, write_predictions
from tests.builders import HARDWARE, WriteParams, small_cnn, small_resnet18

CLASSES = ("melanoma", "nevus", "vascular_lesion")
SPLIT = {
    "seed": 0,
    "scheme": "group",
    "conflicting_copies": "drop",
    "max_conflicting_fraction": 0.02,
    "shares": {"train": 0.7, "val": 0.15, "test": 0.15},
    "num_folds": 4,
    "fold": None,
    "test_list": None,
    "test_list_sha256": None,
    "keep": None,
    "keep_sha256": None,
    "max_share_deviation": 0.1,
    "seal": False,
}


def build_table(labels: list[int] | np.ndarray, images_per_group: int = 1) -> pd.DataFrame:
    N = len(labels)
    return pd.DataFrame(
        {
            "image_id": [f"Jane_Doe_{n:03d}" for n in range(N)],
            "row": range(N),
            "group_id": [f"g{n // images_per_group:05d}" for n in range(N)],
            "split": "train",
            "diagnosis": [CLASSES[label] for label in labels],
            "label": labels,
        }
    )


def predict(features: np.ndarray, table: pd.DataFrame) -> OutOfFold:
    folds = assign_folds(table.label.to_numpy(), table.group_id.to_numpy())
    return predict_by_regression(features, table, folds, CLASSES, "resnet18")


def test_planted_errors_come_first() -> None:
    truth = np.repeat([0, 1, 2], [40, 120, 40])
    features = 6 * np.eye(3)[truth] + np.random.default_rng(0).normal(size=(200, 3))
    labels = truth.copy()
    planted = [0, 1, 50, 51, 52, 53, 198, 199]  # whole groups of two
    labels[planted] = (labels[planted] + 1) % 3
    found = predict(features, build_table(labels, images_per_group=2))
    ranked = rank_doubts(found.predictions)
    assert found.notes == []
    assert sorted(ranked.row[: len(planted)]) == planted
    assert ranked.is_doubted.sum() == len(planted)
    names = np.array(CLASSES)
    first = ranked[: len(planted)].set_index("row").looks_like
    assert first.loc[planted].tolist() == names[truth[planted]].tolist()


def test_images_of_a_class_in_one_group_are_not_judged() -> None:
    labels = np.repeat([0, 1, 2], [20, 30, 2])
    features = np.eye(3)[labels] + np.random.default_rng(0).normal(size=(52, 3))
    found = predict(features, build_table(labels, images_per_group=2))
    assert len(found.predictions.y_true) == 50
    assert found.notes == [
        "vascular_lesion has 1 groups, fewer than the 5 folds, so that its doubts say little; 2 of its 2 images are "
        "not judged, because only their own fold has it"
    ]
    ranked = rank_doubts(found.predictions)
    assert ranked.score.notna().all()


def test_images_of_a_class_in_two_groups_are_judged_with_a_note() -> None:
    labels = np.repeat([0, 1, 2], [20, 30, 2])
    features = np.eye(3)[labels] + np.random.default_rng(0).normal(size=(52, 3))
    found = predict(features, build_table(labels))
    assert len(found.predictions.y_true) == 52
    (note,) = found.notes
    assert note.startswith("vascular_lesion has 2 groups, fewer than the 5 folds")
    assert "0 of its 2 images are not judged" in note


@pytest.fixture
def find(tmp_path: Path, write_params: WriteParams) -> Callable[..., OutOfFold]:
    """A function that finds predictions of 40 images, with resnet18's weights in a file unless they are none."""

    def find(
        weights: str = "weights.pth", cached_px: int = 37, num_groups: int = 20, scheme: str = "group"
    ) -> OutOfFold:
        torch.manual_seed(0)
        file = tmp_path / "weights.pth"
        torch.save(models.resnet18(weights=None).state_dict(), file)
        given = weights != "none"
        resnet = small_resnet18(
            weights=str(file) if given else "none",
            weights_sha256=hash_file(file) if given else None,
            accepted_licences=("unknown",) if given else (),
        )
        params = write_params(
            models=["small", "resnet18"],
            hardware=HARDWARE,
            split=SPLIT | {"scheme": scheme},
            architectures={"small": small_cnn().model_dump(mode="json"), "resnet18": resnet.model_dump(mode="json")},
        )
        pixels = np.random.default_rng(0).integers(0, 256, (40, cached_px, cached_px, 3), dtype=np.uint8)
        np.save(tmp_path / "images.npy", pixels)
        table = build_table(np.tile([0, 1, 2, 1], 10), images_per_group=40 // num_groups)
        return find_out_of_fold(
            ["small", "resnet18"],
            table,
            CLASSES,
            pooled=tmp_path / "folds",
            images=tmp_path / "images.npy",
            params=params,
        )

    return find


def test_without_folds_the_first_model_with_weights_gives_the_features(
    find: Callable[..., OutOfFold], capsys: pytest.CaptureFixture[str]
) -> None:
    found = find()
    assert found.source.startswith("a regression on features of resnet18's pretrained backbone")
    assert "has no folds: computing the features of resnet18's pretrained backbone" in capsys.readouterr().out
    assert found.predictions.logits.shape == (40, 3)
    assert np.ptp(found.predictions.y_prob[:, 0]) > 0


def test_folds_of_a_later_model_come_before_features(find: Callable[..., OutOfFold], tmp_path: Path) -> None:
    table = build_table(np.tile([0, 1, 2, 1], 10), images_per_group=2)
    labels = table.label.to_numpy()
    logits = 2 * np.eye(3)[labels] + np.random.default_rng(0).normal(size=(40, 3))
    write_predictions(
        tmp_path / "folds/resnet18.csv", Predictions(table.assign(split="test"), CLASSES, labels, logits)
    )
    found = find()
    assert found.source == f"{tmp_path}/folds/resnet18.csv predicts each image by the fold that tested it"
    assert set(found.predictions.images.split) == {"train"}
    assert found.notes == []
    (note,) = find(scheme="image").notes
    assert "is image: the network of a fold that was split so has learnt the labels of other images" in note
    with pytest.raises(InputError, match="is not of the present data: 38 images of another group"):
        find(num_groups=10)


def test_without_folds_and_weights_both_ways_on_are_said(find: Callable[..., OutOfFold]) -> None:
    with pytest.raises(InputError) as refused:
        find("none")
    assert "no table of small or resnet18, and none has pretrained weights" in str(refused.value)
    assert "`dvc exp run --queue -S 'split.fold=range(0,4)'`, `dvc exp run --run-all`, `lesions folds`" in str(
        refused.value
    )
    assert "set architectures.resnet18.weights" in str(refused.value)


def test_images_smaller_than_the_architecture_are_refused(find: Callable[..., OutOfFold]) -> None:
    with pytest.raises(InputError, match="size_px is 32, but the cached images have 24 px"):
        find(cached_px=24)
