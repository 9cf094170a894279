"""Each kind of change does what its name says, by hand-worked values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from lesions.transforms.artefacts import HAIR_DRAWS, blur_images
from lesions.transforms.augmentation import CHROMA, DRAWS, augment_images, compute_strengths, draw_changes
from lesions.transforms.parameters import AugmentationParameters
from lesions.transforms.preprocessing import Preprocessing
from tests.builders import NO_AUGMENTATION

WHOLE = (0.0, 0.0, 1.0, 1.0)
IMAGE = torch.from_numpy(np.random.default_rng(0).uniform(0.3, 0.6, (1, 3, 8, 8)).astype(np.float32))


def changed(
    parameters: Mapping[str, Any],
    drawn: Mapping[str, float],
    *,
    image: Tensor = IMAGE,
    strength: float = 1,
    crop: tuple[float, float, float, float] = WHOLE,
) -> Tensor:
    """The image after the changes that `parameters` allows, with these draws and 0 for all others."""
    draws = torch.tensor([[drawn.get(name, 0.0) for name in DRAWS]])
    return augment_images(
        image,
        draws,
        crops=torch.tensor([crop]),
        hairs=torch.zeros(1, 2, len(HAIR_DRAWS)),
        strengths=torch.tensor([float(strength)]),
        parameters=NO_AUGMENTATION.model_copy(update=parameters),
        preprocessing=Preprocessing(image.shape[-1]),
    )


def assert_same(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-5)


def test_an_image_without_any_change_is_unchanged() -> None:
    assert_same(changed({}, dict.fromkeys(DRAWS, 0.7)), IMAGE)


def test_mirroring_flips_the_columns() -> None:
    assert_same(changed({"mirror": "horizontal"}, {"mirror": 0.1}), IMAGE.flip(3))
    assert_same(changed({"mirror": "horizontal"}, {"mirror": -0.1}), IMAGE)


@pytest.mark.parametrize(
    ("draw", "flipped"), [(0.3, [3]), (0.7, [2, 3]), (-0.3, []), (-0.7, [2])], ids=["x", "both", "none", "y"]
)
def test_each_draw_mirrors_one_way_both_ways_or_not_at_all(draw: float, flipped: list[int]) -> None:
    assert_same(changed({"mirror": "both"}, {"mirror": draw}), IMAGE.flip(flipped))
    for mirror, axis in (("horizontal", 3), ("vertical", 2)):
        assert_same(changed({"mirror": mirror}, {"mirror": draw}), IMAGE.flip([axis] if axis in flipped else []))
    assert_same(changed({}, {"mirror": draw}), IMAGE)


CROP = (0.25, -0.25, 0.75, 0.5)
"""The columns from 2 to 7 of 8, and the rows from 1 to 4."""


def test_a_crop_is_enlarged_to_the_whole_image() -> None:
    part = torch.nn.functional.interpolate(IMAGE[..., 1:5, 2:8], size=(8, 8), mode="bilinear")
    # At the edges of the crop our samples also see what lies beyond it.
    assert_same(changed({}, {}, crop=CROP)[..., 1:-1, 1:-1], part[..., 1:-1, 1:-1])


def test_a_crop_is_mirrored_rotated_and_shifted_as_an_image() -> None:
    cropped = changed({}, {}, crop=CROP)
    parameters = {"mirror": "horizontal", "rotation_degrees": 180}
    assert_same(changed(parameters, {"mirror": 1, "angle": 0.5}, crop=CROP), cropped.flip(3).rot90(-1, (2, 3)))
    shifted = changed({"shift": 0.25}, {"shift_x": -1, "shift_y": 0}, crop=CROP)
    assert_same(shifted[..., 2:], cropped[..., :6])
    assert_same(changed({"brightness": 0.2}, {"brightness": 1}, crop=CROP), 1.2 * cropped)


def test_the_strength_does_not_change_a_crop() -> None:
    assert_same(changed({}, {}, crop=CROP, strength=3), changed({}, {}, crop=CROP))


@pytest.mark.parametrize(("angle", "quarters"), [(1, 2), (0.5, 1), (-0.5, -1)])
def test_rotation_equals_torchs(angle: float, quarters: int) -> None:
    assert_same(changed({"rotation_degrees": 180}, {"angle": angle}), IMAGE.rot90(quarters, (2, 3)))


def test_a_mirrored_image_is_rotated_too() -> None:
    parameters = {"mirror": "horizontal", "rotation_degrees": 180}
    found = changed(parameters, {"mirror": 1, "angle": 0.5})
    assert_same(found, IMAGE.flip(3).rot90(-1, (2, 3)))


def test_zoom_enlarges_the_centre() -> None:
    # At 1/2, the output's pixels are those of the middle 4 x 4, each at a quarter and three quarters of its width.
    found = changed({"zoom": 0.5}, {"zoom": 1})
    middle = torch.nn.functional.interpolate(IMAGE[..., 1:7, 1:7], scale_factor=2, mode="bilinear")
    assert_same(found, middle[..., 2:-2, 2:-2])


def test_shift_moves_by_a_fraction_of_the_side() -> None:
    found = changed({"shift": 0.25}, {"shift_x": 1})
    assert_same(found[..., :6], IMAGE[..., 2:])
    found = changed({"shift": 0.25}, {"shift_y": -1})
    assert_same(found[..., 2:, :], IMAGE[..., :6, :])


def test_an_image_is_continued_by_reflection_beyond_its_edge() -> None:
    found = changed({"shift": 0.25}, {"shift_x": 1})
    assert_same(found[..., 6:], IMAGE[..., [7, 6]])


def test_brightness_multiplies_each_pixel() -> None:
    assert_same(changed({"brightness": 0.2}, {"brightness": 1}), 1.2 * IMAGE)
    assert_same(changed({"brightness": 0.2}, {"brightness": -0.5}), 0.9 * IMAGE)


def test_colour_cast_changes_each_channel_by_its_own_draw() -> None:
    found = changed({"colour_cast": 0.1}, {"red": 1, "green": -1, "blue": 0.5})
    assert_same(found, IMAGE * torch.tensor([1.1, 0.9, 1.05]).view(3, 1, 1))


def grey(image: Tensor) -> Tensor:
    return (image * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(dim=1, keepdim=True)


def test_saturation_changes_the_distance_from_each_pixels_grey() -> None:
    assert_same(changed({"saturation": 0.5}, {"saturation": -1}), 0.5 * IMAGE + 0.5 * grey(IMAGE))
    assert_same(changed({"saturation": 0.5}, {"saturation": 0.2}), 1.1 * IMAGE - 0.1 * grey(IMAGE))


def test_contrast_changes_the_distance_from_the_images_mean_grey() -> None:
    mean = grey(IMAGE).mean()
    assert_same(changed({"contrast": 0.4}, {"contrast": -1}), 0.6 * IMAGE + 0.4 * mean)


def test_hue_rotates_colours_and_keeps_their_grey() -> None:
    found = changed({"hue_degrees": 90}, {"hue": 1})
    axes = torch.tensor(CHROMA)
    before, after = (torch.einsum("kc,bchw->kbhw", axes, image) for image in (IMAGE, found))
    # A quarter turn brings I to where Q was, and Q to where minus I was.
    assert_same(after[1], before[0])
    assert_same(after[0], -before[1])
    assert_same(grey(found), grey(IMAGE))
    assert_same(changed({"hue_degrees": 180}, {"hue": 0.5}), found)
    no_colour = grey(IMAGE).expand(-1, 3, -1, -1)
    assert_same(changed({"hue_degrees": 90}, {"hue": 1}, image=no_colour), no_colour)


def test_an_image_is_blurred_by_a_fraction_of_its_side() -> None:
    # At a draw of 0, half of the largest: of 8 px, 0.05 x 8 = 0.4 px.
    assert_same(changed({"blur": 0.1}, {"blur": 0}), blur_images(IMAGE, torch.tensor([0.4]), max_sigma=0.8))
    assert_same(changed({"blur": 0.1}, {"blur": -1}), IMAGE)


def test_a_cut_out_square_has_the_given_side_and_the_mean_colour() -> None:
    found = changed({"cutout": 0.5}, {"cutout": 1})
    expected = IMAGE.clone()
    expected[..., 2:6, 2:6] = torch.tensor(Preprocessing(8).mean).view(3, 1, 1)
    assert_same(found, expected)
    assert_same(changed({"cutout": 0.5}, {"cutout": -1}), IMAGE)


@pytest.mark.parametrize(("draw_of_hairs", "strength", "expected"), [(-1, 1, 0), (0, 1, 1), (1, 1, 2), (0, 2, 2)])
def test_the_number_of_hairs_depends_on_the_draw_and_the_strength(
    draw_of_hairs: float, strength: float, expected: int
) -> None:
    found = changed({"hairs": 2}, {"hairs": draw_of_hairs}, strength=strength)
    one = changed({"hairs": 2}, {"hairs": 0})
    # The hairs of this test lie on each other: each takes the same part of the light again.
    torch.testing.assert_close(found, IMAGE * (one / IMAGE) ** expected)
    assert not torch.equal(one, IMAGE)


def test_colours_change_in_the_documented_order() -> None:
    parameters = {"brightness": 0.2, "saturation": 0.5, "contrast": 0.4}
    bright = 1.2 * IMAGE
    saturated = 0.75 * bright + 0.25 * grey(bright)
    found = changed(parameters, {"brightness": 1, "saturation": -0.5, "contrast": 0.25})
    assert_same(found, 1.1 * saturated - 0.1 * grey(saturated).mean())


def test_colours_stay_between_black_and_white() -> None:
    found = changed({"brightness": 0.9}, {"brightness": 1}, image=torch.full((1, 3, 8, 8), 0.8))
    assert_same(found, torch.ones(1, 3, 8, 8))


def test_strength_multiplies_the_change() -> None:
    assert_same(changed({"brightness": 0.2}, {"brightness": 1}, strength=1.5), 1.3 * IMAGE)
    assert_same(changed({"shift": 0.25}, {"shift_x": 1}, strength=2)[..., :4], IMAGE[..., 4:])


def test_each_image_of_a_batch_has_its_own_change() -> None:
    draws = torch.zeros(2, len(DRAWS))
    draws[1, DRAWS.index("brightness")] = 1
    found = augment_images(
        IMAGE.repeat(2, 1, 1, 1),
        draws,
        crops=torch.tensor([WHOLE, WHOLE]),
        hairs=torch.zeros(2, 0, len(HAIR_DRAWS)),
        strengths=torch.tensor([1.0, 0.5]),
        parameters=NO_AUGMENTATION.model_copy(update={"brightness": 0.2}),
        preprocessing=Preprocessing(8),
    )
    assert_same(found, torch.cat([IMAGE, 1.1 * IMAGE]))


def test_the_rarest_class_is_changed_most() -> None:
    parameters = NO_AUGMENTATION.model_copy(update={"common_strength": 1.0, "rare_strength": 2.0})
    np.testing.assert_allclose(compute_strengths((1000, 10, 100), parameters), [1, 2, 1.5])


def test_classes_of_equal_size_have_the_same_strength() -> None:
    parameters = NO_AUGMENTATION.model_copy(update={"common_strength": 1.0, "rare_strength": 2.0})
    np.testing.assert_allclose(compute_strengths((10, 10), parameters), [1, 1])


def test_draws_depend_on_seed_and_epoch_and_fill_their_range() -> None:
    first = draw_changes(1000, seed=0, epoch=1)
    np.testing.assert_array_equal(first, draw_changes(1000, seed=0, epoch=1))
    for seed, epoch in ((0, 2), (1, 1)):
        assert (first != draw_changes(1000, seed=seed, epoch=epoch)).mean() > 0.99
    assert first.shape == (1000, len(DRAWS))
    assert -1 <= first.min() < -0.99 < 0.99 < first.max() <= 1


@pytest.mark.parametrize(
    ("area", "aspect", "message"),
    [
        (
            (0.5, 1.0),
            None,
            r"crop_area and crop_aspect belong together; got crop_area \[0.5, 1.0\], crop_aspect null",
        ),
        (
            None,
            (0.5, 1.0),
            r"crop_area and crop_aspect belong together; got crop_area null, crop_aspect \[0.5, 1.0\]",
        ),
        ((0.9, 0.5), (0.5, 1.0), r"crop_area: expected the smaller number first, got \[0.9, 0.5\]"),
        ((0.5, 0.9), (2.0, 1.0), r"crop_aspect: expected the smaller number first, got \[2.0, 1.0\]"),
        ((1.0, 1.0), (1.0, 1.0), "less than 1"),
        ((0.0, 1.0), (1.0, 1.0), "greater than 0"),
        ((0.5, 1.5), (1.0, 1.0), "less than or equal to 1"),
    ],
)
def test_limits_of_a_crop_that_mean_nothing_are_refused(area: Any, aspect: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        AugmentationParameters(**NO_AUGMENTATION.model_dump() | {"crop_area": area, "crop_aspect": aspect})
