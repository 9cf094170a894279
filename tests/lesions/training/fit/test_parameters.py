"""Each parameter of training changes the weights."""

from typing import Any

import pytest
import torch

from lesions.networks.classifier import Classifier
from tests.builders import small_cnn
from tests.training import GENTLE, LONG_PHASE, train_small, weights_of


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
        {"architecture": small_cnn(phases=(LONG_PHASE,), normalisation="unit")},
        {"architecture": small_cnn(phases=(LONG_PHASE.model_copy(update={"layers": 1}),))},
        {"architecture": small_cnn(phases=(LONG_PHASE,), batch_norm=False)},
        {"architecture": small_cnn(phases=(LONG_PHASE,), convolutions_per_block=2)},
        {"architecture": small_cnn(phases=(LONG_PHASE,), convolutions_per_block=2, residual=True)},
        *({"augmentation": GENTLE.model_copy(update={name: value})} for name, value in {
            "mirror": "horizontal", "rotation_degrees": 90, "zoom": 0.2, "shift": 0.2, "brightness": 0.2,
            "contrast": 0.2, "saturation": 0.2, "hue_degrees": 20, "colour_cast": 0.2, "hairs": 3, "blur": 0.1,
            "cutout": 0.5, "rare_strength": 2.0, "common_strength": 0.0, "mixup_alpha": 0.4, "cutmix_alpha": 1.0,
        }.items()),
    ],
    ids=str,
)  # fmt: skip
def test_each_parameter_changes_the_weights(changes: dict[str, Any]) -> None:
    usual = {"architecture": small_cnn(phases=(LONG_PHASE,))}
    seen = [weights_of(train_small(**usual | change)) for change in ({}, changes)]
    assert len(seen[0]) != len(seen[1]) or not torch.equal(*seen)


def test_layers_that_do_not_learn_keep_their_weights_and_batch_statistics() -> None:
    before: dict[str, torch.Tensor] = {}

    def remember(network: Classifier) -> None:
        before.update({name: tensor.clone() for name, tensor in network.state_dict().items()})

    architecture = small_cnn(phases=(LONG_PHASE.model_copy(update={"layers": 1}),))
    fitted = train_small(architecture=architecture, change_network=remember)
    changed = {name for name, tensor in fitted.weights.items() if not torch.equal(tensor, before[name])}
    assert changed == {name for name in before if name.startswith(("head.", "backbone.1."))}


def test_a_crop_and_its_aspect_change_the_weights() -> None:
    square, wide = ({"crop_area": (0.5, 1.0), "crop_aspect": (1.0, highest)} for highest in (1.0, 2.0))
    crops: tuple[dict[str, Any], ...] = ({}, square, wide)
    seen = {tuple(weights_of(train_small(augmentation=GENTLE.model_copy(update=crop))).tolist()) for crop in crops}
    assert len(seen) == 3


def test_a_hidden_layer_with_batch_norm_and_with_dropout_of_its_own_learns_differently() -> None:
    heads = (
        {"dropout": (0.0, 0.0)},
        {"dropout": (0.5, 0.0)},
        {"dropout": (0.0, 0.5)},
        {"dropout": (0.0, 0.0), "head_batch_norm": True},
    )
    architectures = [small_cnn(phases=(LONG_PHASE,), head_widths=(8,), **head) for head in heads]
    seen = {tuple(weights_of(train_small(architecture=architecture)).tolist()) for architecture in architectures}
    assert len(seen) == 4


@pytest.mark.parametrize("name", ["rare_strength", "common_strength"])
def test_without_augmentation_of_the_rare_or_the_common_class_the_weights_differ(name: str) -> None:
    usual = weights_of(train_small())
    assert not torch.equal(usual, weights_of(train_small(augmentation=GENTLE.model_copy(update={name: 0.0}))))


def test_class_weights_change_the_weights_by_their_ratio_alone() -> None:
    alike, doubled, unlike = (weights_of(train_small(class_weights=pair)) for pair in ([1, 1], [2, 2], [1, 3]))
    assert torch.equal(alike, doubled)
    assert not torch.equal(alike, unlike)


def test_a_loss_that_does_not_use_class_weights_is_that_of_equal_ones() -> None:
    unused = weights_of(train_small(class_weights=[1, 3], loss={"class_weights": False}))
    assert torch.equal(unused, weights_of(train_small(class_weights=[1, 1])))


def test_a_rate_that_falls_changes_the_weights() -> None:
    def train_with(name: str, **schedule: Any) -> torch.Tensor:
        architecture = small_cnn(phases=(LONG_PHASE,))
        fitted = train_small(architecture=architecture, schedule={"name": name, "warmup_fraction": None} | schedule)
        return weights_of(fitted)

    assert not torch.equal(train_with("step", every_epochs=1, factor=0.1), train_with("constant"))
    assert not torch.equal(
        train_with("step", every_epochs=1, factor=0.1), train_with("step", every_epochs=2, factor=0.1)
    )
