"""The training loop learns what there is to learn, and nothing where there is nothing."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.builders import NO_AUGMENTATION, PHASE, small_cnn
from tests.training import HEAD_PHASE, LONG_PHASE, coloured_images, labelled_rows, train, train_small, weights_of


def test_a_network_overfits_eight_images() -> None:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (8, 18, 18, 3), dtype=np.uint8)
    labels = np.array([0, 1, 2, 3] * 2)
    fitted = train(
        images,
        labels,
        labelled_rows(np.arange(8), labels),
        num_classes=4,
        architecture=small_cnn(widths=(16, 32), phases=(PHASE.model_copy(update={"num_epochs": 60}),)),
        augmentation=NO_AUGMENTATION,
    )
    assert fitted.history[fitted.best_epoch - 1]["val"]["accuracy"] == 1
    assert fitted.history[-1]["train"]["loss"] < 0.1


def test_what_can_be_learnt_is_learnt_and_with_shuffled_labels_nothing() -> None:
    K, N = 4, 400
    images, labels = coloured_images(3 * N)
    val = labelled_rows(np.arange(N, 3 * N), labels[N:])

    def balanced_accuracy(train_labels: NDArray[np.int64]) -> float:
        fitted = train(images, train_labels, val, num_classes=K)
        return fitted.history[-1]["val"]["balanced_accuracy"]

    assert balanced_accuracy(labels[:N]) > 0.8
    shuffled = [balanced_accuracy(np.random.default_rng(seed).permutation(labels[:N])) for seed in range(6)]
    # A network takes like colours for one class, so that its predictions are not independent: single runs had a
    # standard deviation of 0.086, which is a standard error of 0.035 for the mean of 6.
    assert abs(np.mean(shuffled) - 1 / K) < 0.105


def test_in_bfloat16_what_can_be_learnt_is_learnt() -> None:
    images, labels = coloured_images(800)
    fitted = train(
        images,
        labels[:400],
        labelled_rows(np.arange(400, 800), labels[400:]),
        num_classes=4,
        precision=torch.bfloat16,
    )
    assert fitted.history[-1]["val"]["balanced_accuracy"] > 0.8


def test_the_training_loss_is_the_weighted_mean_over_the_epoch() -> None:
    # One phase of the head alone, at a rate too small to change it: each batch is judged by the first network.
    head = PHASE.model_copy(update={"layers": "head", "backbone_factor": None})
    still = small_cnn(learning_rate=1e-12, phases=(head,))
    fitted = train_small(
        architecture=still,
        augmentation=NO_AUGMENTATION,
        class_weights=[1, 3],
        loss={"kind": "focal", "focal_gamma": 1.5, "label_smoothing": 0.1, "logit_adjustment": 0.5},
        optimizer={"weight_decay": 0.0},
        schedule={"warmup_fraction": 0.0},
    )
    # The 64 training images are also those of validation, whose loss is computed in one go.
    assert fitted.history[0]["train"]["loss"] == pytest.approx(fitted.history[0]["val"]["loss"], rel=1e-5)


def test_parts_of_a_batch_add_up_to_the_step_of_the_whole() -> None:
    # Without batch norm, which sees a part at a time. Class weights make unequal parts count unequally.
    plain = small_cnn(batch_norm=False, phases=(LONG_PHASE,))
    common: dict[str, Any] = {
        "architecture": plain,
        "class_weights": [1.0, 5.0],
        "optimizer": {"max_gradient_norm": 1},
    }
    whole = weights_of(train_small(**common, batch_size=32))
    parts = weights_of(train_small(**common, batch_size=8, accumulation_steps=4))
    torch.testing.assert_close(parts, whole, rtol=0, atol=1e-5)
    assert not torch.allclose(parts, weights_of(train_small(**common, batch_size=8)), rtol=0, atol=1e-3)


def test_the_history_tells_the_learning_rates_and_the_gradients_norm() -> None:
    architecture = small_cnn(phases=(HEAD_PHASE, LONG_PHASE), layer_decay=0.5, learning_rate=0.01)
    fitted = train_small(architecture=architecture, schedule={"name": "constant", "warmup_fraction": None})
    assert fitted.history[0]["learning_rates"] == {"head": 0.01}
    assert fitted.history[1]["learning_rates"] == {"head": 0.01, "backbone_1": 0.005, "backbone_0": 0.0025}
    assert all(0 < entry["train"]["gradient_norm"] < 100 for entry in fitted.history)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch_size": 8, "accumulation_steps": 4}, ""),
        (
            {"batch_size": 8, "accumulation_steps": 3},
            "each epoch leaves out 16 images, others each time: 2 of its 8 batches do not fill a step of "
            "training.accumulation_steps 3\n",
        ),
        (
            {"batch_size": 8, "accumulation_steps": 9},
            "training.accumulation_steps is 9, and the 8 batches of an epoch make one step\n",
        ),
    ],
)
def test_batches_that_do_not_fill_a_step_are_said(
    changes: dict[str, int], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    train_small(**changes)
    assert capsys.readouterr().out.partition("epoch   1")[0] == said
