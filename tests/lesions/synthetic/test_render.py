"""Tests that rendered images depend on their patient, lesion, view and diagnosis, and on nothing else."""

from dataclasses import asdict

import numpy as np
import pytest
from numpy.typing import NDArray

from lesions.synthetic.appearance import APPEARANCES, OVERLAP, Appearance, draw_appearance
from lesions.synthetic.lesion import grow_lesion
from lesions.synthetic.render import render_image
from lesions.synthetic.skin import Skin, Tissue, grow_skin
from lesions.synthetic.streams import random_stream
from lesions.synthetic.view import View

UNSEEN = Appearance(diameter_mm=5, asymmetry=0, irregularity=0, diffuseness=0.2, brown=0.5, red=0.3, variegation=0.3)


def render(
    diagnosis: str = "nv",
    *,
    patient: int = 1,
    lesion: int = 1,
    image: int = 1,
    seed: int = 1,
    size_px: int = 48,
) -> NDArray[np.uint8]:
    return render_image(
        diagnosis=diagnosis,
        patient_id=f"SYN_P{patient:04d}",
        lesion_id=f"SYN_L{lesion:04d}",
        image_id=f"SYN_{image:07d}",
        size_px=size_px,
        seed=seed,
    )


def grow(appearance: Appearance, *, angle_rad: float = 0.0) -> Tissue:
    view = View(size_px=64, field_mm=11, angle_rad=angle_rad, centre_mm=(0, 0))
    rng = random_stream(1, "SYN_L0001")
    tissue = grow_skin(view, Skin(brown=0.05, red=0.2, freckles=0), rng)
    grow_lesion(tissue, appearance, view=view, rng=rng)
    return tissue


@pytest.mark.parametrize("size_px", [32, 48, 96, 225])
def test_the_picture_has_the_given_size(size_px: int) -> None:
    picture = render(size_px=size_px)
    assert picture.shape == (size_px, size_px, 3)
    assert picture.dtype == np.uint8


def test_the_same_arguments_give_the_same_pixels() -> None:
    np.testing.assert_array_equal(render("mel"), render("mel"))


def test_each_identifier_changes_the_pixels() -> None:
    for changed in (render(patient=2), render(lesion=2), render(image=2), render(seed=2)):
        assert (changed != render()).mean() > 0.5


def test_the_size_changes_the_detail_and_not_the_scene() -> None:
    small, large = render(size_px=48).astype(float), render(size_px=96).astype(float)
    shrunk = large.reshape(48, 2, 48, 2, 3).mean(axis=(1, 3))
    other = render(lesion=2, size_px=48).astype(float)
    assert np.abs(shrunk - small).mean() < 0.3 * np.abs(other - small).mean()


def test_images_of_one_patient_share_the_skin_tone() -> None:
    tones = np.array([[_skin_tone(patient, image) for image in range(6)] for patient in range(20)])
    within = tones.var(axis=1).mean(axis=0)
    between = tones.mean(axis=1).var(axis=0)
    assert (within < 0.5 * between).all()


def _skin_tone(patient: int, image: int) -> NDArray[np.float64]:
    """Return the logarithms of red over green and of green over blue, at the picture's rim."""
    number = 100 * patient + image
    picture = render("vasc", patient=patient, lesion=number, image=number).astype(float) + 1
    rim = np.concatenate([picture[:4].reshape(-1, 3), picture[-4:].reshape(-1, 3)])
    red, green, blue = np.log(np.median(rim, axis=0))
    return np.array([red - green, green - blue])


def test_views_of_one_lesion_are_more_alike_than_two_lesions() -> None:
    profiles = np.array([[_profile(lesion, image=10 * lesion + view) for view in range(3)] for lesion in range(12)])
    within = np.abs(profiles[:, 0] - profiles[:, 1]).mean()
    between = np.abs(profiles[:, 0] - np.roll(profiles[:, 1], 1, axis=0)).mean()
    assert within < 0.6 * between


def _profile(lesion: int, *, image: int) -> NDArray[np.float64]:
    """Return each channel's deciles in the middle of the picture, which do not change when it is turned."""
    middle = render("mel", lesion=lesion, image=image)[12:36, 12:36]
    deciles: NDArray[np.float64] = np.quantile(middle, np.linspace(0.1, 0.9, 9), axis=(0, 1))
    return deciles


def test_diagnoses_differ_on_average() -> None:
    colours = {dx: np.mean([_middle(dx, lesion) for lesion in range(40)], axis=0) for dx in APPEARANCES}
    redness = {dx: np.log(red / green) for dx, (red, green, _) in colours.items()}
    brightness = {dx: colour.sum() for dx, colour in colours.items()}
    assert max(redness, key=lambda dx: redness[dx]) == "vasc"
    assert min(brightness, key=lambda dx: brightness[dx]) == "mel"
    assert max(brightness, key=lambda dx: brightness[dx]) == "df"


def _middle(diagnosis: str, lesion: int) -> NDArray[np.float64]:
    picture = render(diagnosis, patient=lesion, lesion=lesion, image=lesion)
    colour: NDArray[np.float64] = picture[18:30, 18:30].mean(axis=(0, 1))
    return colour


def test_lesions_of_one_diagnosis_are_spread_by_the_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [draw_appearance("nv", random_stream(1, f"SYN_L{lesion:04d}")) for lesion in range(400)]
    assert np.std([np.log(appearance.diameter_mm) for appearance in drawn]) == pytest.approx(OVERLAP, rel=0.15)
    assert np.mean([appearance.brown for appearance in drawn]) == pytest.approx(APPEARANCES["nv"].brown, abs=0.05)
    assert all(
        0 <= value <= 1 for appearance in drawn for name, value in asdict(appearance).items() if name != "diameter_mm"
    )

    monkeypatch.setattr("lesions.synthetic.appearance.OVERLAP", 0.0)
    assert draw_appearance("nv", random_stream(1, "SYN_L0001")) == APPEARANCES["nv"]


@pytest.mark.parametrize(
    ("structure", "pigment"),
    [
        ("brown", "brown"),
        ("globules", "brown"),
        ("red", "red"),
        ("vessels", "red"),
        ("ulcer", "red"),
        ("lacunae", "red"),
        ("veil", "blue"),
        ("nests", "blue"),
        ("milia", "white"),
        ("keratin", "white"),
        ("follicles", "white"),
        ("scar", "white"),
    ],
)
def test_every_structure_adds_its_pigment(structure: str, pigment: str) -> None:
    absent, striking = (grow(Appearance(**asdict(UNSEEN) | {structure: strength})) for strength in (0.0, 1.0))
    added = getattr(striking, pigment) - getattr(absent, pigment)
    assert added.max() > 0.15
    assert added.mean() > 0


def test_network_and_variegation_make_the_brown_uneven() -> None:
    for descriptor in ("network", "variegation"):
        even, uneven = (grow(Appearance(**asdict(UNSEEN) | {descriptor: strength})).brown for strength in (0.0, 1.0))
        assert uneven[24:40, 24:40].std() > 1.5 * even[24:40, 24:40].std()


def test_border_descriptors_change_the_border() -> None:
    def outline(**changed: float) -> NDArray[np.bool_]:
        return grow(Appearance(**asdict(UNSEEN) | changed)).brown > 0.25

    def roughness(inside: NDArray[np.bool_]) -> float:
        perimeter = (inside[1:] != inside[:-1]).sum() + (inside[:, 1:] != inside[:, :-1]).sum()
        return float(perimeter / np.sqrt(inside.sum()))

    assert outline(diameter_mm=7.0).sum() > 1.5 * outline().sum()
    assert roughness(outline(irregularity=1.0)) > 1.1 * roughness(outline())
    assert roughness(outline(asymmetry=1.0)) > 1.1 * roughness(outline())
    steepness = [np.abs(np.diff(grow(Appearance(**asdict(UNSEEN) | {"diffuseness": d})).brown)).max() for d in (0, 1)]
    assert steepness[0] > 1.5 * steepness[1]


def test_turning_the_dermoscope_turns_the_picture() -> None:
    appearance = APPEARANCES["mel"]
    straight, turned = grow(appearance), grow(appearance, angle_rad=np.pi / 2)
    np.testing.assert_allclose(np.rot90(straight.brown), turned.brown, atol=0.05)


def test_the_view_converts_a_point_to_its_pixel() -> None:
    view = View(size_px=48, field_mm=10, angle_rad=0.7, centre_mm=(0.5, -1))
    point = view.points_mm()[:, 20, 30]
    np.testing.assert_allclose(view.to_px(point[None].astype(float)), [[30.5, 20.5]], atol=1e-4)
