"""The training loop learns what there is to learn, and nothing where there is nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from lesions.errors import InputError
from lesions.hardware.choices import DeviceChoice
from lesions.hardware.device import set_up_device
from lesions.networks.classifier import Classifier
from lesions.networks.parameters import AnyArchitecture, PhaseParameters
from lesions.training.epoch import Scores
from lesions.training.history import FittedNetwork
from tests.builders import NO_AUGMENTATION, PHASE, small_cnn
from tests.training import (
    BOTH_NETWORKS,
    EVERYTHING,
    GENTLE,
    HEAD_PHASE,
    LONG_PHASE,
    SMALL_IMAGES,
    SMALL_LABELS,
    coloured_images,
    labelled_rows,
    train,
    train_small,
    weights_of,
)


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
    shuffled = [balanced_accuracy(np.random.default_rng(seed).permutation(labels[:N])) for seed in range(24)]
    # A network takes like colours for one class, so that its predictions are not independent: single runs had a
    # standard deviation of 0.086, which is a standard error of 0.018 for the mean of 24.
    assert abs(np.mean(shuffled) - 1 / K) < 0.06


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    dropping = small_cnn(dropout=0.5, phases=(PHASE.model_copy(update={"num_epochs": 2}),))
    first, again, other = (weights_of(train_small(architecture=dropping, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


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


@pytest.mark.parametrize("name", ["rare_strength", "common_strength"])
def test_without_augmentation_of_the_rare_or_the_common_class_the_weights_differ(name: str) -> None:
    usual = weights_of(train_small())
    assert not torch.equal(usual, weights_of(train_small(augmentation=GENTLE.model_copy(update={name: 0.0}))))


def test_class_weights_change_the_weights_by_their_ratio_alone() -> None:
    alike, doubled, unlike = (weights_of(train_small(class_weights=pair)) for pair in ([1, 1], [2, 2], [1, 3]))
    assert torch.equal(alike, doubled)
    assert not torch.equal(alike, unlike)


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


DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")),
]


@pytest.mark.parametrize("choice", DEVICES)
@pytest.mark.parametrize("architecture", BOTH_NETWORKS)
def test_with_everything_switched_on_the_same_seed_gives_the_same_weights(
    architecture: AnyArchitecture, choice: DeviceChoice
) -> None:
    device = set_up_device(choice, num_threads=torch.get_num_threads())
    first, again, other = (
        train_small(architecture=architecture, device=device, **EVERYTHING, seed=seed) for seed in (0, 0, 1)
    )
    assert torch.equal(weights_of(first), weights_of(again))
    assert first.history == again.history
    assert not torch.equal(weights_of(first), weights_of(other))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")
@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
@pytest.mark.parametrize("architecture", BOTH_NETWORKS)
def test_a_recorded_step_learns_what_an_eager_one_does(architecture: AnyArchitecture, optimizer: str) -> None:
    device = set_up_device("cuda", num_threads=1)
    changes = EVERYTHING | {"optimizer": {"name": optimizer, "momentum": 0.9 if optimizer == "sgd" else None}}
    eager, recorded = (
        train_small(architecture=architecture, device=device, **changes, execution=execution)
        for execution in ("eager", "graph")
    )
    assert torch.equal(weights_of(recorded), weights_of(eager))
    assert recorded.history == eager.history


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 8},
        {"accumulation_steps": 2},
        {"average_decay": 0.9},
        {"sampling": "square_root"},
        {"sampling": "class_balanced"},
        {"loss": {"kind": "focal", "focal_gamma": 2.0}},
        {"loss": {"label_smoothing": 0.1}},
        {"loss": {"logit_adjustment": 1.0}},
        {"optimizer": {"name": "adam"}},
        {"optimizer": {"name": "sgd", "momentum": 0.0}},
        {"optimizer": {"name": "sgd", "momentum": 0.9}},
        {"optimizer": {"weight_decay": 0.5}},
        {"optimizer": {"l1": 0.1}},
        {"optimizer": {"max_gradient_norm": 0.1}},
        {"schedule": {"warmup_fraction": 0.5}},
        {"schedule": {"name": "one_cycle"}},
        {"schedule": {"name": "constant", "warmup_fraction": None}},
        {"architecture": small_cnn(phases=(LONG_PHASE,), layer_decay=0.5)},
        {"architecture": small_cnn(phases=(LONG_PHASE,), dropout=0.5)},
        {"architecture": small_cnn(phases=(LONG_PHASE,), head_widths=(8,))},
        {"architecture": small_cnn(phases=(LONG_PHASE,), batch_norm=False)},
        {"architecture": small_cnn(phases=(LONG_PHASE,), convolutions_per_block=2)},
        *({"augmentation": GENTLE.model_copy(update={name: value})} for name, value in {
            "mirror": True, "rotation_degrees": 90, "zoom": 0.2, "shift": 0.2, "brightness": 0.2, "contrast": 0.2,
            "saturation": 0.2, "hue_degrees": 20, "colour_cast": 0.2, "hairs": 3, "blur": 0.1, "cutout": 0.5,
            "rare_strength": 2.0, "common_strength": 0.0, "mixup_alpha": 0.4, "cutmix_alpha": 1.0,
        }.items()),
    ],
    ids=str,
)  # fmt: skip
def test_each_parameter_changes_the_weights(changes: dict[str, Any]) -> None:
    usual = {"architecture": small_cnn(phases=(LONG_PHASE,))}
    seen = [weights_of(train_small(**usual | change)) for change in ({}, changes)]
    assert len(seen[0]) != len(seen[1]) or not torch.equal(*seen)


def test_a_rate_that_falls_changes_the_weights() -> None:
    def train_with(name: str, **schedule: Any) -> torch.Tensor:
        architecture = small_cnn(phases=(LONG_PHASE,))
        fitted = train_small(architecture=architecture, schedule={"name": name, "warmup_fraction": None} | schedule)
        return weights_of(fitted)

    assert not torch.equal(train_with("step", every_epochs=1, factor=0.1), train_with("constant"))
    assert not torch.equal(
        train_with("step", every_epochs=1, factor=0.1), train_with("step", every_epochs=2, factor=0.1)
    )


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
    assert fitted.history[1]["learning_rates"] == {"head": 0.01, "1": 0.005, "0": 0.0025}
    assert all(0 < entry["train"]["gradient_norm"] < 100 for entry in fitted.history)


def scripted(
    qualities: list[float], monitor: str, phases: tuple[PhaseParameters, ...] | None = None, **changes: Any
) -> FittedNetwork:
    """Train with validation scores that are given in advance."""
    script = iter(qualities)
    seen: list[torch.Tensor] = []

    def validate(network: nn.Module) -> Scores:
        seen.append(network.state_dict()["head.1.weight"].clone())
        quality = next(script)
        return {"loss": quality, "balanced_accuracy": quality, "macro_f1": quality, "accuracy": 0, "weighted_f1": 0}

    architecture = small_cnn(phases=phases or (PHASE.model_copy(update={"num_epochs": len(qualities)}),))
    fitted = train_small(architecture=architecture, monitor=monitor, validate=validate, **changes)
    torch.testing.assert_close(fitted.weights["head.1.weight"], seen[fitted.best_epoch - 1], rtol=0, atol=0)
    return fitted


@pytest.mark.parametrize("average_decay", [None, 0.9])
@pytest.mark.parametrize(("monitor", "best"), [("balanced_accuracy", 3), ("macro_f1", 3), ("loss", 2)])
def test_the_best_epochs_weights_are_kept(monitor: str, best: int, average_decay: float | None) -> None:
    fitted = scripted([0.5, 0.4, 0.7, 0.6], monitor, average_decay=average_decay)
    assert fitted.best_epoch == best
    assert [entry["epoch"] for entry in fitted.history] == [1, 2, 3, 4]


def test_of_equal_epochs_the_first_is_kept() -> None:
    assert scripted([0.5, 0.7, 0.7], "macro_f1").best_epoch == 2


def test_patience_is_of_the_last_phase() -> None:
    # Epochs 1 to 4 go by without a better one, and the phase after them still has its own.
    first, last = (PHASE.model_copy(update={"num_epochs": number}) for number in (4, 5))
    fitted = scripted(
        [0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], "macro_f1", phases=(first, last), patience_epochs=2
    )
    assert len(fitted.history) == 6


def test_training_stops_when_nothing_gets_better() -> None:
    fitted = scripted([0.5, 0.7, 0.6, 0.6, 0.9], "macro_f1", patience_epochs=2)
    assert fitted.best_epoch == 2
    assert len(fitted.history) == 4


def test_on_a_plateau_of_the_monitored_metric_the_rate_falls() -> None:
    schedule = {"name": "plateau", "warmup_fraction": None, "every_epochs": 2, "factor": 0.1}
    fitted = scripted([0.5, 0.7, 0.6, 0.7, 0.9, 0.8], "macro_f1", schedule=schedule)
    rates = [entry["learning_rates"]["head"] for entry in fitted.history]
    assert rates == pytest.approx([0.01, 0.01, 0.01, 0.01, 0.001, 0.001])
    of_loss = scripted([0.5, 0.4, 0.3, 0.2, 0.1, 0.05], "loss", schedule=schedule)
    assert {entry["learning_rates"]["head"] for entry in of_loss.history} == {0.01}


def test_a_loss_that_explodes_stops_with_its_epoch_and_its_step() -> None:
    with pytest.raises(
        InputError,
        match=r"epoch 1, step 2: the training loss is (nan|inf|[\d.e+]+) and the gradient's norm [\w.+]+; .*"
        "Look at the images, or lower the architecture's learning_rate or optimizer.max_gradient_norm",
    ):
        train_small(
            architecture=small_cnn(learning_rate=1e30, phases=(LONG_PHASE,)),
            schedule={"name": "constant", "warmup_fraction": None},
        )


def train_with_a_white_image(change_network: Callable[[Classifier], object]) -> None:
    images = SMALL_IMAGES.copy()
    images[17] = 255
    val = labelled_rows(np.arange(8), SMALL_LABELS[:8])
    train(images, SMALL_LABELS, val, num_classes=2, augmentation=NO_AUGMENTATION, change_network=change_network)


def are_white(images: torch.Tensor) -> torch.Tensor:
    return images.amin(dim=(1, 2, 3)) > 1.5  # they are normalised


def test_an_image_that_makes_the_loss_no_number_is_named() -> None:
    def fail_on_white(_: nn.Module, inputs: tuple[torch.Tensor], features: torch.Tensor) -> torch.Tensor:
        return torch.where(are_white(inputs[0])[:, None], torch.nan, features)

    message = r"epoch 1, step \d: the training loss is nan and .* the largest losses have image_17 \(inf\), image_"
    with pytest.raises(InputError, match=message):
        train_with_a_white_image(lambda network: network.backbone.register_forward_hook(fail_on_white))


def test_a_gradient_that_is_no_number_stops_at_its_own_step() -> None:
    def fail_on_white(_: nn.Module, inputs: tuple[torch.Tensor], features: torch.Tensor) -> None:
        if features.requires_grad:
            white = are_white(inputs[0])[:, None]
            features.register_hook(lambda gradient: torch.where(white, torch.nan, gradient))

    with pytest.raises(InputError, match=r"the training loss is \d\.\d+ and the gradient's norm nan; the largest"):
        train_with_a_white_image(lambda network: network.backbone.register_forward_hook(fail_on_white))


def test_weights_that_are_no_numbers_blame_no_image() -> None:
    def spoil(network: Classifier) -> None:
        nn.init.constant_(network.get_parameter("head.1.weight"), torch.nan)

    with pytest.raises(InputError, match="so is the loss of each of its 16 images, so the weights are to blame"):
        train_small(change_network=spoil)


def fit_on_a_device_with_room_for(largest: int, **changes: Any) -> None:
    def refuse(_: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if len(inputs[0]) > largest:
            raise torch.OutOfMemoryError

    train_small(change_network=lambda network: network.register_forward_pre_hook(refuse), **changes)


def test_out_of_memory_says_which_batch_would_fit() -> None:
    with pytest.raises(
        InputError,
        match=r"epoch 1: a batch of 16 images does not fit into the memory of the device; batches of 4 fit \(this "
        r"was tried\): set training\.batch_size to 4, and training\.accumulation_steps to 4, which keeps the number",
    ):
        fit_on_a_device_with_room_for(5)


def test_out_of_memory_with_parts_counts_the_parts() -> None:
    with pytest.raises(
        InputError,
        match=r"epoch 1: a batch of 16 images .* training\.batch_size to 4, and training\.accumulation_steps to 8",
    ):
        fit_on_a_device_with_room_for(5, accumulation_steps=2)


def test_out_of_memory_for_any_batch_asks_for_smaller_images() -> None:
    with pytest.raises(
        InputError,
        match="a batch of 2 does not fit either: lower the architecture's size_px, or choose a smaller network",
    ):
        fit_on_a_device_with_room_for(1)
