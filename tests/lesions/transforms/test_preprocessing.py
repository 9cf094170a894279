"""From cached pixels to what a network sees."""

import numpy as np
import torch
from torch.nn import functional as F

from lesions.transforms.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 10, 10, 3), dtype=np.uint8))


def test_pixels_become_channels_from_0_to_1() -> None:
    batch = Preprocessing(10).prepare(IMAGES)
    assert batch.shape == (5, 3, 10, 10)
    np.testing.assert_allclose(batch[4, :, 3, 7], IMAGES[4, 3, 7] / 255, rtol=1e-6)


def test_an_image_of_the_same_size_is_unchanged() -> None:
    preprocessing = Preprocessing(10)
    batch = preprocessing.prepare(IMAGES)
    torch.testing.assert_close(preprocessing.resize(batch), batch, rtol=0, atol=1e-5)


def test_a_smaller_size_is_sampled_bilinearly() -> None:
    batch = Preprocessing(8).prepare(IMAGES)
    torch.testing.assert_close(Preprocessing(8).resize(batch), F.interpolate(batch, size=(8, 8), mode="bilinear"))


def test_a_much_smaller_size_does_not_alias() -> None:
    # Stripes one pixel wide are grey at half the size and below; bare bilinear sampling would keep stripes.
    stripes = np.zeros((1, 64, 64, 3), dtype=np.uint8)
    stripes[:, :, ::2] = 255
    preprocessing = Preprocessing(15)
    small = preprocessing.resize(preprocessing.prepare(torch.from_numpy(stripes)))
    assert (small[..., 2:-2] - 0.5).abs().max() < 0.1


def test_normalising_subtracts_the_mean_and_divides_by_the_standard_deviation() -> None:
    normalised = Preprocessing(1).normalise(torch.full((1, 3, 1, 1), 0.5)).ravel()
    expected = [(0.5 - mean) / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
    torch.testing.assert_close(normalised, torch.tensor(expected))
