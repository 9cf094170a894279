"""Predicting, and averaging over the flips and quarter turns of an image."""

import numpy as np
import torch

from lesions.networks.architecture import build_network
from lesions.networks.classifier import Classifier
from lesions.networks.inference import predict_outputs, yield_views
from lesions.networks.source import open_source
from lesions.transforms.preprocessing import Preprocessing
from tests.builders import small_cnn

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)


def build() -> Classifier:
    torch.manual_seed(0)
    return build_network(small_cnn(size_px=8, dropout=0.5), 2, pretrained=True).train()


def predict(images: np.ndarray, rows: list[int], num_views: int = 1) -> np.ndarray:
    return predict_outputs(
        build(),
        open_source(images, torch.device("cpu")),
        np.array(rows),
        preprocessing=Preprocessing(8),
        num_views=num_views,
    )


def test_a_prediction_does_not_depend_on_the_other_images() -> None:
    together = predict(IMAGES, [0, 1, 2, 3, 4])
    assert together.shape == (5, 2)
    assert together.dtype == np.float32
    np.testing.assert_allclose(predict(IMAGES, [3])[0], together[3], rtol=1e-5, atol=1e-6)


def test_there_are_eight_views_and_the_first_is_the_image_itself() -> None:
    image = torch.arange(9.0).view(1, 1, 3, 3)
    views = list(yield_views(image))
    assert torch.equal(views[0], image)
    # 0 1 2 / 3 4 5 / 6 7 8, read from its four corners along either side.
    corners = {tuple(view[0, 0, 0].tolist()) for view in views}
    assert corners == {(0, 1, 2), (2, 5, 8), (8, 7, 6), (6, 3, 0), (2, 1, 0), (8, 5, 2), (6, 7, 8), (0, 3, 6)}


def test_the_average_over_all_views_is_the_same_for_a_rotated_image() -> None:
    turned = np.rot90(IMAGES, axes=(1, 2)).copy()
    mirrored = IMAGES[:, :, ::-1].copy()
    expected = predict(IMAGES, [0, 1], num_views=8)
    for other in (turned, mirrored):
        np.testing.assert_allclose(predict(other, [0, 1], num_views=8), expected, rtol=0, atol=1e-5)
        assert np.abs(predict(other, [0, 1]) - predict(IMAGES, [0, 1])).max() > 1e-3


def test_the_logits_of_the_views_are_averaged() -> None:
    views = [np.rot90(flipped, turns, axes=(1, 2)) for flipped in (IMAGES, IMAGES[:, :, ::-1]) for turns in range(4)]
    expected = np.mean([predict(view.copy(), [2]) for view in views], axis=0)
    np.testing.assert_allclose(predict(IMAGES, [2], num_views=8), expected, rtol=0, atol=1e-5)
