"""The sentence about subgroups names one as a finding only if it is marked, and says what chance alone gives."""

from lesions.drawing.style import render_svg
from lesions.evaluation.interval import Estimate
from lesions.report.inputs import LowestSubgroup, SubgroupRow
from lesions.report.subgroups import describe_subgroups, plot_subgroups


def row(name: str, *, beyond_noise: bool = False, sensitivity: Estimate | None = None) -> SubgroupRow:
    return SubgroupRow(
        subgroup=name,
        num_images=1200,
        balanced_accuracy=0.5,
        low=0.4,
        high=0.6,
        beyond_noise=beyond_noise,
        lead_over_others=-0.1,
        weighted_lead_over_others=-0.2,
        sensitivity=sensitivity,
        sensitivity_beyond_noise=beyond_noise and sensitivity is not None,
        sensitivity_lead_over_others=None if sensitivity is None else -0.3,
    )


def lowest(num_sensitivities: int | None, num_left_out: int | None, *, num_not_scored: int = 0) -> LowestSubgroup:
    return LowestSubgroup(
        num_subgroups_left_out=num_not_scored,
        lowest_balanced_accuracy_subgroup="site: lower_extremity",
        lowest_balanced_accuracy=Estimate(0.5, 0.4, 0.6),
        lowest_balanced_accuracy_by_chance=0.52,
        num_sensitivities=num_sensitivities,
        num_sensitivities_left_out=num_left_out,
    )


def test_the_lowest_subgroup_stands_beside_what_chance_gives() -> None:
    sentence = describe_subgroups("resnet18", [row("sex: male"), row("site: lower_extremity")], lowest(None, None))
    assert sentence.startswith(
        "On none of 2 subgroups is resnet18 significantly better or worse than on the other test images. There is no "
        "threshold"
    )
    assert (
        "The lowest balanced accuracy of 2 subgroups is 0.500 (0.400 to 0.600), on site: lower extremity; if none "
        "differed, the lowest of so many would be about 0.520."
    ) in sentence


def test_marked_subgroups_are_named_with_both_differences_and_that_of_the_sensitivity() -> None:
    marked = row("sex: male", beyond_noise=True, sensitivity=Estimate(0.8, 0.7, 0.9))
    sentence = describe_subgroups("resnet18", [marked, row("sex: female")], lowest(1, 1, num_not_scored=3))
    assert "3 more subgroups have too few patients or lesions, and are not scored (evaluation.min_sub" in sentence
    assert (
        "On these of 2 subgroups resnet18 is significantly better or worse than on the other test images, by its "
        "recall over the classes that both have: sex: male (−0.100; with each class weighted by its groups, −0.200)."
    ) in sentence
    assert "differs significantly on sex: male (−0.300)." in sentence
    assert "1 subgroups have too few malignant patients or lesions for a sensitivity" in sentence


def test_sensitivities_are_drawn_beside_the_balanced_accuracies_where_there_are_any() -> None:
    with_one = plot_subgroups(
        [row("sex: male", sensitivity=Estimate(0.8, 0.7, 0.9)), row("sex: female")], (0.5, None)
    )
    assert [axes.get_xlabel() for axes in with_one.axes] == ["balanced\naccuracy", "sensitivity"]
    # An interval and its value for each of the two, and for the one; and a line for all images, where it is known.
    assert [len(axes.lines) for axes in with_one.axes] == [5, 2]
    assert with_one.axes[0].lines[-1].get_xdata() == [0.5, 0.5]
    alone = plot_subgroups([row("sex: male")], (0.5, 0.9))
    assert [axes.get_xlabel() for axes in alone.axes] == ["balanced\naccuracy"]
    assert [text.get_text() for text in alone.legends[0].get_texts()][-1] == "all test images"


def test_a_long_name_leaves_room_for_the_scores() -> None:
    """A warning of matplotlib that there is no room would fail this test."""
    scored = row(f"camera_of_the_second_clinic_xy: {'W' * 100}", sensitivity=Estimate(0.8, 0.7, 0.9))
    assert f"{'W' * 19}… (1,200)" in render_svg(plot_subgroups([scored, row("sex: male")], (0.5, 0.5)))


def test_dollar_signs_in_a_value_are_no_formula() -> None:
    svg = render_svg(plot_subgroups([row("camera: $x^$"), row("site: $\\frac$")], (0.5, None)))
    assert "camera: $x^$ (1,200)" in svg
