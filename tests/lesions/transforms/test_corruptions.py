"""Each corruption against values worked by hand, and what all of them have in common."""

from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from lesions.transforms.conditions import AMOUNTS, CORRUPTIONS, Condition, Corruption, list_conditions
from lesions.transforms.corruptions import (
    DARKER_SKIN,
    LIGHT_SKIN,
    add_hairs,
    blur,
    change_contrast,
    change_white_balance,
    corrupt_images,
    darken_skin,
    draw_sides,
    rotate,
)
from lesions.transforms.lab import from_lab, to_lab

CONDITIONS = list_conditions(CORRUPTIONS)
ROWS = np.arange(100, 106)
STRONGEST = [Condition(corruption, 5) for corruption in CORRUPTIONS]


def draw_lesions() -> torch.Tensor:
    """Six images (6, 48, 48, 3) of pink skin with a brown spot beside the middle, and some grain."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[:48, :48]
    spot = np.exp(-((x - 20) ** 2 + (y - 26) ** 2) / 60)[None, :, :, None]
    pixels = np.array([215, 160, 140]) - spot * np.array([130, 110, 95]) + generator.normal(0, 6, (6, 48, 48, 3))
    return torch.from_numpy(pixels.clip(0, 255).astype(np.uint8))


PIXELS = draw_lesions()


def alter(corruption: Corruption, strength: int, pixels: torch.Tensor = PIXELS) -> torch.Tensor:
    return corrupt_images(pixels, ROWS[: len(pixels)], Condition(corruption, strength))


def test_there_are_nine_corruptions_at_five_strengths() -> None:
    assert len(CONDITIONS) == 45 == len({condition.name for condition in CONDITIONS})
    assert [condition.setting for condition in list_conditions(["jpeg", "skin_tone"])][1::5] == [
        "quality 70",
        "ITA of skin from 50° to 28°",
    ]


def test_chosen_strengths_are_listed_the_mildest_first() -> None:
    conditions = list_conditions(["hairs", "blur"], [4, 2])
    assert [condition.name for condition in conditions] == ["hairs 2", "hairs 4", "blur 2", "blur 4"]
    assert [condition.amount for condition in conditions] == [3, 9, 1.2, 2]


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_a_stronger_corruption_changes_images_more(corruption: Corruption) -> None:
    changes = [(alter(corruption, strength).float() - PIXELS).abs().mean().item() for strength in range(1, 6)]
    assert changes == sorted(changes) and len(set(changes)) == 5
    assert 0 < changes[0] < 20


@pytest.mark.parametrize("condition", STRONGEST, ids=lambda condition: condition.name)
def test_an_image_is_altered_alike_in_any_batch_and_left_as_it_is_itself(condition: Condition) -> None:
    before = PIXELS.clone()
    together = corrupt_images(PIXELS, ROWS, condition)
    alone = torch.cat([corrupt_images(PIXELS[[n]], ROWS[[n]], condition) for n in reversed(range(6))]).flip(0)
    assert torch.equal(together, alone)
    assert torch.equal(PIXELS, before)
    assert (together.dtype, together.shape) == (torch.uint8, PIXELS.shape)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda images: blur(images, 0), id="blur"),
        pytest.param(lambda images: change_white_balance(images, torch.ones(6), 1), id="white balance"),
        pytest.param(lambda images: change_contrast(images, 1), id="contrast"),
        pytest.param(lambda images: rotate(images, torch.ones(6), 0), id="rotation"),
        pytest.param(lambda images: add_hairs(images, ROWS, 0), id="hairs"),
        pytest.param(lambda images: darken_skin(images, LIGHT_SKIN), id="skin tone"),
    ],
)
def test_without_a_change_the_stored_image_is_the_same_to_the_bit(change) -> None:  # type: ignore[no-untyped-def]
    images = PIXELS.permute(0, 3, 1, 2).float() / 255
    assert torch.equal((change(images).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1), PIXELS)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_images_stay_images(condition: Condition, level: int) -> None:
    plain = torch.full((1, 16, 16, 3), level, dtype=torch.uint8)
    altered = corrupt_images(plain, ROWS[:1], condition)
    if level == 0:
        assert altered.max() <= 1


@pytest.mark.parametrize(("corruption", "strength", "expected"), [("darker", 5, 50), ("brighter", 2, 120)])
def test_light_multiplies_the_pixels(corruption: Corruption, strength: int, expected: int) -> None:
    plain = torch.full((1, 8, 8, 3), 100, dtype=torch.uint8)
    assert (alter(corruption, strength, plain) == expected).all()


def test_too_much_light_is_cut_off() -> None:
    assert (alter("brighter", 5, torch.full((1, 8, 8, 3), 200, dtype=torch.uint8)) == 255).all()


def test_white_balance_scales_red_and_blue_to_one_side_or_the_other() -> None:
    images = torch.full((2, 3, 4, 4), 0.5)
    warm, cool = change_white_balance(images, torch.tensor([1.0, -1.0]), 1.25)
    assert warm[:, 0, 0].tolist() == pytest.approx([0.625, 0.5, 0.4])
    assert cool[:, 0, 0].tolist() == pytest.approx([0.4, 0.5, 0.625])


def test_contrast_keeps_the_mean_grey_and_halves_the_distance_from_it() -> None:
    images = torch.rand(3, 3, 9, 9, generator=torch.Generator().manual_seed(1))
    luma = torch.tensor([0.299, 0.587, 0.114])
    grey = (images.mean(dim=(2, 3)) @ luma).view(3, 1, 1, 1)
    halved = change_contrast(images, 0.5)
    torch.testing.assert_close(halved - grey, (images - grey) / 2)
    torch.testing.assert_close(halved.mean(dim=(2, 3)) @ luma, grey.ravel())


def test_four_quarter_turns_are_the_image_and_one_is_rot90() -> None:
    images = torch.rand(2, 3, 10, 10, generator=torch.Generator().manual_seed(2))
    sides = torch.tensor([1.0, -1.0])
    once = rotate(images, sides, 90)
    torch.testing.assert_close(once[0], images[0].rot90(1, (1, 2)), rtol=0, atol=1e-5)
    torch.testing.assert_close(once[1], images[1].rot90(-1, (1, 2)), rtol=0, atol=1e-5)
    turned = images
    for _ in range(4):
        turned = rotate(turned, sides, 90)
    torch.testing.assert_close(turned, images, rtol=0, atol=1e-5)


def test_both_sides_are_drawn_about_as_often() -> None:
    sides = draw_sides(np.arange(1000), torch.device("cpu"))
    assert set(sides.tolist()) == {-1, 1}
    assert abs(sides.mean()) < 0.1


def test_a_jpeg_is_what_pillow_reads() -> None:
    file = BytesIO()
    Image.fromarray(PIXELS[1].numpy()).save(file, "JPEG", quality=AMOUNTS["jpeg"][2])
    assert np.array_equal(alter("jpeg", 3)[1].numpy(), np.array(Image.open(file)))


def test_blur_is_scipys_with_a_share_of_the_side() -> None:
    image = torch.rand(1, 3, 50, 50, generator=torch.Generator().manual_seed(3))
    expected = gaussian_filter(image[0, 0].double().numpy(), sigma=1, mode="mirror", truncate=3)
    assert np.abs(blur(image, 2)[0, 0].numpy() - expected).max() < 1e-5


def test_hairs_are_dark_and_those_of_milder_strengths_stay() -> None:
    masks = [(alter("hairs", strength).float() < PIXELS.float() - 20).any(dim=3) for strength in range(1, 6)]
    for fewer, more in pairwise(masks):
        assert (more | ~fewer).all()


@pytest.mark.parametrize(("angle", "tone"), DARKER_SKIN.items())
def test_light_skin_becomes_skin_of_the_angle(angle: float, tone: tuple[float, float, float]) -> None:
    lightness, _, b = tone
    assert np.degrees(np.arctan2(lightness - 50, b)) == pytest.approx(angle, abs=0.1)
    light = from_lab(torch.tensor(LIGHT_SKIN).view(1, 3, 1, 1))
    assert to_lab(darken_skin(light, tone)).ravel().tolist() == pytest.approx(tone, abs=0.01)


def test_light_skin_has_the_angle_from_which_the_shift_starts() -> None:
    assert np.degrees(np.arctan2(LIGHT_SKIN[0] - 50, LIGHT_SKIN[2])) == pytest.approx(50, abs=0.1)
    assert [*DARKER_SKIN] == [*AMOUNTS["skin_tone"]]
