"""Two images are mixed in the parts that their targets are."""

import numpy as np
import pytest
import torch

from lesions.transforms.mixing import MIXING_DRAWS, draw_mixing, mix_images

# Four images of one grey each: 1, 2, 3 and 4; mixed with those at their places from the end, 4, 3, 2 and 1.
IMAGES = torch.arange(1.0, 5).view(4, 1, 1, 1).expand(4, 3, 10, 10)
TARGETS = torch.eye(4)


def draws(**values: float) -> torch.Tensor:
    return torch.tensor([[values.get(name, 0.5) for name in MIXING_DRAWS]]).expand(4, -1)


def test_mixup_blends_two_images_and_their_targets() -> None:
    images, targets = mix_images(IMAGES, TARGETS, draws(mixup_share=0.75), mixup_alpha=1, cutmix_alpha=0)
    torch.testing.assert_close(images[0], torch.full((3, 10, 10), 0.75 * 1 + 0.25 * 4))
    torch.testing.assert_close(targets[0], torch.tensor([0.75, 0, 0, 0.25]))
    torch.testing.assert_close(targets[1], torch.tensor([0, 0.75, 0.25, 0]))


def test_cutmix_pastes_a_rectangle_of_the_other_image() -> None:
    # A share of 0.64 leaves 0.36 for a square of 0.6 of the side, here from 0.2 to 0.8.
    images, targets = mix_images(IMAGES, TARGETS, draws(cutmix_share=0.64), mixup_alpha=0, cutmix_alpha=1)
    expected = torch.ones(3, 10, 10)
    expected[:, 2:8, 2:8] = 4
    torch.testing.assert_close(images[0], expected)
    torch.testing.assert_close(targets[0], torch.tensor([0.64, 0, 0, 0.36]))


def test_the_share_of_a_clipped_rectangle_is_its_visible_area() -> None:
    drawn = draws(cutmix_share=0.64, centre_x=0.0, centre_y=1.0)
    images, targets = mix_images(IMAGES, TARGETS, drawn, mixup_alpha=0, cutmix_alpha=1)
    expected = torch.ones(3, 10, 10)
    expected[:, 7:, :3] = 4
    torch.testing.assert_close(images[0], expected)
    torch.testing.assert_close(targets[0], torch.tensor([0.91, 0, 0, 0.09]))


@pytest.mark.parametrize(("choice", "own"), [(0.2, 0.75), (0.8, 0.64)])
def test_with_mixup_and_cutmix_each_image_gets_one_of_them(choice: float, own: float) -> None:
    drawn = draws(mixup_share=0.75, cutmix_share=0.64, choice=choice)
    _, targets = mix_images(IMAGES, TARGETS, drawn, mixup_alpha=1, cutmix_alpha=1)
    assert targets[0, 0].item() == pytest.approx(own)


def test_shares_have_the_given_beta_distribution() -> None:
    drawn = draw_mixing(20_000, mixup_alpha=0.4, cutmix_alpha=2.0, seed=0, epoch=1)
    assert drawn.shape == (20_000, len(MIXING_DRAWS))
    # Beta(a, a) has the variance 1 / (4 (2 a + 1)).
    np.testing.assert_allclose(drawn[:, :2].var(axis=0), [1 / 7.2, 1 / 20], rtol=0.03)
    np.testing.assert_allclose(drawn.mean(axis=0), 0.5, atol=0.01)
    other = draw_mixing(20_000, mixup_alpha=0.4, cutmix_alpha=2.0, seed=0, epoch=2)
    assert (drawn != other).mean() > 0.99
