"""Removing what a map names first lowers the probability soonest, by areas worked out by hand."""

import pytest
import torch
from torch import Tensor, nn

from lesions.networks.faithfulness import FRACTIONS, choose_first, measure_areas, measure_rim, shuffle_maps

SIDE = 40


class SeesEdges(nn.Module):
    """Is sure of class 1 (probability 0.9) as long as the stripes in the left tenth are there, else of class 0."""

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (B, 2)."""
        contrast = images[:, 0, :, : SIDE // 10].std(dim=(1, 2))
        probability = torch.where(contrast > 0.4, 0.9, 0.1)
        return torch.stack([1 - probability, probability], dim=1).log()


def stripes() -> Tensor:
    image = torch.zeros(1, 3, SIDE, SIDE)
    image[:, :, ::2] = 1
    return image


def columns(*values: float) -> Tensor:
    """A map with these values from left to right, each the same from top to bottom."""
    return torch.tensor(values, dtype=torch.float32).expand(1, 10, len(values))


def test_areas_are_those_of_the_steps() -> None:
    """Left first, the stripes are gone, or there, from the first step on; right first, only at the very end."""
    left, right = columns(*range(10, 0, -1)), columns(*range(10))
    found, missed = measure_areas(SeesEdges(), stripes(), torch.tensor([1]), [left, right])
    first, last = FRACTIONS[0], FRACTIONS[-1]
    assert found.deletion.item() == pytest.approx(0.5 * first + 0.1 * (1 - first), abs=1e-6)
    assert found.insertion.item() == pytest.approx(0.5 * first + 0.9 * (1 - first), abs=1e-6)
    assert missed.deletion.item() == pytest.approx(0.9 * last + 0.5 * (1 - last), abs=1e-6)
    assert missed.insertion.item() == pytest.approx(0.1 * last + 0.5 * (1 - last), abs=1e-6)


def test_the_first_places_are_those_of_the_highest_values_and_as_many_as_asked() -> None:
    chosen = choose_first(columns(0, 0, 0, 0, 0, 0, 0, 1, 2, 3), SIDE)
    assert [mask.float().mean().item() for mask in chosen] == pytest.approx(FRACTIONS)
    assert chosen[0][0, 0, :, -SIDE // 10 :].all()


def test_a_shuffled_map_has_the_same_values_at_other_places() -> None:
    maps = torch.arange(32.0).view(2, 4, 4)
    shuffled = shuffle_maps(maps, torch.Generator().manual_seed(0))
    assert not torch.equal(shuffled, maps)
    assert torch.equal(shuffled.flatten(1).sort(dim=1).values, maps.flatten(1))


def test_the_rim_has_its_share_of_the_area_of_an_even_map_and_none_of_a_map_in_the_middle() -> None:
    middle = torch.zeros(20, 20)
    middle[8:12, 8:12] = 1
    shares = measure_rim(torch.stack([torch.ones(20, 20), middle, torch.zeros(20, 20)]), SIDE, 0.1)
    assert shares[:2].tolist() == pytest.approx([0.36, 0], abs=1e-6)
    assert shares[2].isnan()
