"""The training loop learns what there is to learn, and nothing where there is nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.evaluation.scores import compute_loss, score_labels
from lesions.hardware.device import set_up_device
from lesions.networks.architecture import AnyArchitecture, Classifier, build_network
from lesions.networks.inference import predict_outputs
from lesions.networks.preprocessing import Preprocessing
from lesions.training.augmentation import AugmentationParameters
from lesions.training.batches import AugmentedBatches, LabelledRows
from lesions.training.fit import FittedNetwork, Scores, fit
from lesions.training.recipe import TrainingParameters
from lesions.training.resume import ResumeFile
from tests.builders import NO_AUGMENTATION, PHASE, small_cnn

CPU = torch.device("cpu")
GENTLE = NO_AUGMENTATION.model_copy(update={"brightness": 0.1})
RECIPE = TrainingParameters(
    seed=0,
    device="cpu",
    precision="float32",
    num_threads=1,
    batch_size=16,
    weight_decay=0.01,
    warmup_fraction=0.2,
    monitor="balanced_accuracy",
    patience_epochs=100,
)


def coloured_images(num_images: int, seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Noisy images of one colour each, and one of four classes: whether red and whether green are bright."""
    generator = np.random.default_rng(seed)
    colours = generator.integers(30, 226, (num_images, 1, 1, 3))
    noise = generator.normal(scale=20, size=(num_images, 18, 18, 3))
    bright = colours[:, 0, 0] > 127
    return (colours + noise).clip(0, 255).astype(np.uint8), 2 * bright[:, 0] + bright[:, 1]


def train(
    images: NDArray[np.uint8],
    train_labels: NDArray[np.int64],
    val: LabelledRows,
    *,
    num_classes: int,
    architecture: AnyArchitecture | None = None,
    augmentation: AugmentationParameters = GENTLE,
    device: torch.device = CPU,
    precision: torch.dtype = torch.float32,
    class_weights: Sequence[float] | None = None,
    resume: ResumeFile | None = None,
    **changes: Any,
) -> FittedNetwork:
    """Fit a small network on the first images; validate it on the rows of `val`."""
    architecture = architecture or small_cnn(phases=(PHASE.model_copy(update={"num_epochs": 8}),))
    recipe = RECIPE.model_copy(update=changes)
    preprocessing = Preprocessing(architecture.size_px)
    weights = np.array(class_weights or [1.0] * num_classes)

    def validate(network: Classifier) -> Scores:
        logits = predict_outputs(network, images, val.rows, preprocessing=preprocessing, device=device)
        labels = score_labels(val.labels, logits.argmax(axis=1), num_classes)
        return {"loss": compute_loss(logits, val.labels, weights), **labels}

    torch.manual_seed(recipe.seed)
    return fit(
        build_network(architecture, num_classes, pretrained=True),
        AugmentedBatches(
            images,
            LabelledRows(np.arange(len(train_labels)), train_labels),
            class_counts=tuple(np.bincount(train_labels, minlength=num_classes).tolist()),
            augmentation=augmentation,
            preprocessing=preprocessing,
            device=device,
            batch_size=recipe.batch_size,
            seed=recipe.seed,
        ),
        validate,
        architecture=architecture,
        recipe=recipe,
        class_weights=weights,
        device=device,
        precision=precision,
        resume=resume,
    )


def test_a_network_overfits_eight_images() -> None:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (8, 18, 18, 3), dtype=np.uint8)
    labels = np.array([0, 1, 2, 3] * 2)
    fitted = train(
        images,
        labels,
        LabelledRows(np.arange(8), labels),
        num_classes=4,
        architecture=small_cnn(widths=(16, 32), phases=(PHASE.model_copy(update={"num_epochs": 60}),)),
        augmentation=NO_AUGMENTATION,
    )
    assert fitted.history[fitted.best_epoch - 1]["val"]["accuracy"] == 1
    assert fitted.history[-1]["train"]["loss"] < 0.1


def test_what_can_be_learnt_is_learnt_and_with_shuffled_labels_nothing() -> None:
    K, N = 4, 400
    images, labels = coloured_images(3 * N)
    val = LabelledRows(np.arange(N, 3 * N), labels[N:])

    def balanced_accuracy(train_labels: NDArray[np.int64]) -> float:
        fitted = train(images, train_labels, val, num_classes=K)
        return fitted.history[-1]["val"]["balanced_accuracy"]

    assert balanced_accuracy(labels[:N]) > 0.8
    shuffled = [balanced_accuracy(np.random.default_rng(seed).permutation(labels[:N])) for seed in range(24)]
    # A network takes like colours for one class, so that its predictions are not independent: single runs had a
    # standard deviation of 0.086, which is a standard error of 0.018 for the mean of 24.
    assert abs(np.mean(shuffled) - 1 / K) < 0.06


def weights_of(fitted: FittedNetwork) -> torch.Tensor:
    return torch.cat([tensor.ravel().double() for tensor in fitted.weights.values()])


SMALL_IMAGES, _ = coloured_images(64)
SMALL_LABELS = (np.arange(64) >= 48).astype(np.int64)  # class 1 is the rare one
SMALL_VAL = LabelledRows(np.arange(64), SMALL_LABELS)


def train_small(**changes: Any) -> FittedNetwork:
    return train(SMALL_IMAGES, SMALL_LABELS, SMALL_VAL, num_classes=2, **changes)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    dropping = small_cnn(dropout=0.5, phases=(PHASE.model_copy(update={"num_epochs": 2}),))
    first, again, other = (weights_of(train_small(architecture=dropping, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_on_cuda_the_same_seed_gives_the_same_weights(precision: torch.dtype) -> None:
    device = set_up_device("cuda", num_threads=1)
    first, again = (weights_of(train_small(device=device, precision=precision)) for _ in range(2))
    assert torch.equal(first, again)


def test_in_bfloat16_what_can_be_learnt_is_learnt() -> None:
    images, labels = coloured_images(800)
    fitted = train(
        images, labels[:400], LabelledRows(np.arange(400, 800), labels[400:]), num_classes=4, precision=torch.bfloat16
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
    # One phase of the head alone, at a rate too small to change it: every batch is judged by the first network.
    head = PHASE.model_copy(update={"layers": "head", "backbone_factor": None})
    still = small_cnn(learning_rate=1e-12, phases=(head,))
    fitted = train_small(
        architecture=still, augmentation=NO_AUGMENTATION, class_weights=[1, 3], weight_decay=0.0, warmup_fraction=0.0
    )
    # The 64 training images are also those of validation, whose loss is scored in one go.
    assert fitted.history[0]["train"]["loss"] == pytest.approx(fitted.history[0]["val"]["loss"], rel=1e-5)


@pytest.mark.parametrize("changes", [{"weight_decay": 0.5}, {"warmup_fraction": 0.5}, {"batch_size": 8}])
def test_each_parameter_of_the_recipe_changes_the_weights(changes: dict[str, Any]) -> None:
    assert not torch.equal(weights_of(train_small()), weights_of(train_small(**changes)))


def scripted(qualities: list[float], monitor: str, patience: int = 100) -> FittedNetwork:
    """Train with validation scores that are given in advance."""
    script = iter(qualities)
    architecture = small_cnn(phases=(PHASE.model_copy(update={"num_epochs": len(qualities)}),))
    recipe = RECIPE.model_copy(update={"monitor": monitor, "patience_epochs": patience})
    batches = AugmentedBatches(
        SMALL_IMAGES,
        LabelledRows(np.arange(64), SMALL_LABELS),
        class_counts=(48, 16),
        augmentation=NO_AUGMENTATION,
        preprocessing=Preprocessing(16),
        device=CPU,
        batch_size=16,
        seed=0,
    )
    seen: list[torch.Tensor] = []

    def validate(network: Classifier) -> Scores:
        seen.append(network.state_dict()["head.1.weight"].clone())
        quality = next(script)
        return {"loss": quality, "balanced_accuracy": quality, "macro_f1": quality, "accuracy": 0, "weighted_f1": 0}

    fitted = fit(
        build_network(architecture, 2, pretrained=True),
        batches,
        validate,
        architecture=architecture,
        recipe=recipe,
        class_weights=np.ones(2),
        device=CPU,
        precision=torch.float32,
    )
    torch.testing.assert_close(fitted.weights["head.1.weight"], seen[fitted.best_epoch - 1], rtol=0, atol=0)
    return fitted


@pytest.mark.parametrize(("monitor", "best"), [("balanced_accuracy", 3), ("macro_f1", 3), ("loss", 2)])
def test_the_best_epochs_weights_are_kept(monitor: str, best: int) -> None:
    fitted = scripted([0.5, 0.4, 0.7, 0.6], monitor)
    assert fitted.best_epoch == best
    assert [entry["epoch"] for entry in fitted.history] == [1, 2, 3, 4]


def test_of_equal_epochs_the_first_is_kept() -> None:
    assert scripted([0.5, 0.7, 0.7], "macro_f1").best_epoch == 2


def test_training_stops_when_nothing_gets_better() -> None:
    fitted = scripted([0.5, 0.7, 0.6, 0.6, 0.9], "macro_f1", patience=2)
    assert fitted.best_epoch == 2
    assert len(fitted.history) == 4


def test_a_loss_that_explodes_stops_with_its_epoch() -> None:
    with pytest.raises(
        InputError,
        match=r"the (training|validation) loss is (nan|inf) after epoch \d; lower the architecture's learning_rate",
    ):
        train_small(architecture=small_cnn(learning_rate=1e30, phases=(PHASE.model_copy(update={"num_epochs": 3}),)))
