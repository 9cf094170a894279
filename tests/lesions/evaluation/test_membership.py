"""A network that learnt from what this run tests is no member, however the two runs name and group the images."""

import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.evaluation.membership import check_membership, describe_unknown_images


def run_of(*rows: str) -> pd.DataFrame:
    """All images of a run: `name group split` each, and the picture if it is not that of the name."""
    cells = [row.split() for row in rows]
    return pd.DataFrame(
        [(name, group, split, picture[0] if picture else name) for name, group, split, *picture in cells],
        columns=["image_id", "group_id", "split", "sha256"],
    ).assign(source="clinic", patient_id="", lesion_id=None)


OWN = run_of("a g1 train", "b g2 val", "c g3 test", "d g3 test", "e g4 external", "f g5 dropped", "h g1 train")


def refusal(other: pd.DataFrame, own: pd.DataFrame = OWN) -> str:
    with pytest.raises(InputError) as raised:
        check_membership("seed1", other, own)
    return str(raised.value)


def test_the_same_split_of_the_same_images_is_accepted() -> None:
    assert check_membership("seed1", OWN, OWN) == 0


def test_another_split_that_exchanges_only_train_with_what_is_not_scored_is_accepted() -> None:
    other = run_of("a g1 test", "h g1 test", "b g2 val", "c g3 test", "d g3 test", "e g4 test", "f g5 train")
    assert check_membership("seed1", other, OWN) == 0


@pytest.mark.parametrize("learnt", ["train", "val"])
def test_a_test_image_that_it_learnt_from_is_refused_by_name(learnt: str) -> None:
    assert refusal(run_of(f"c x1 {learnt}", "a x2 test")) == (
        "seed1: was trained on or validated with images of 1 groups that are in test here, such as g3; it cannot be "
        "a member (networks of another fold never can, and of another split hardly ever)"
    )


def test_an_image_of_a_tested_group_is_refused_though_the_other_run_groups_otherwise() -> None:
    # c alone was tested there, and d is of the same patient here.
    assert "1 groups that are in test here, such as g3" in refusal(run_of("c x1 test", "d x2 train"))


def test_an_image_that_the_other_run_ties_to_a_tested_one_is_refused() -> None:
    # There, z and c are of one patient; this run has never seen z.
    assert "1 groups that are in test here, such as g3" in refusal(run_of("c x1 dropped", "z x1 train"))


def test_a_tie_through_a_third_image_counts() -> None:
    # c is tied to f there, and f to z by f's group here.
    own = run_of("c g3 test", "f g5 dropped", "z g5 dropped")
    assert "are in test here, such as g3" in refusal(run_of("c x1 test", "f x1 test", "z x2 train"), own)


@pytest.mark.parametrize("identifier", ["patient_id", "lesion_id"])
def test_an_unknown_image_of_a_tested_patient_or_lesion_is_refused(identifier: str) -> None:
    # This run has never seen u, but c, which it tests, is of the same patient or lesion.
    own = OWN.assign(**{identifier: OWN.image_id.map({"c": "7"})})
    other = run_of("u x1 train").assign(**{identifier: "7"})
    assert "are in test here, such as g3" in refusal(other, own)
    assert check_membership("seed1", other.assign(source="another dataset"), own) == 1


def test_the_same_picture_under_another_name_is_refused() -> None:
    assert "are in test here, such as g3" in refusal(run_of("renamed x1 train c"))


def test_another_dataset_that_this_run_only_scores_is_refused_too() -> None:
    assert "1 groups that are in external here, such as g4" in refusal(run_of("e x1 val"))


def test_training_on_validation_is_refused_and_validating_with_it_is_not() -> None:
    assert refusal(run_of("b x1 train")).startswith(
        "seed1: was trained on images of 1 groups that are in val here, such as g2"
    )
    assert check_membership("seed1", run_of("b x1 val"), OWN) == 0


def test_another_picture_under_the_same_name_is_refused() -> None:
    assert refusal(run_of("a x1 train other")) == (
        "seed1: 1 images are other ones here than those of the same name that it has seen, such as 'a'; it cannot be "
        "a member"
    )


def test_images_that_this_run_does_not_know_are_counted_and_said() -> None:
    other = run_of("a x1 train", "u x2 train", "v x3 val", "w x4 test", "renamed x5 train h")
    assert check_membership("seed1", other, OWN) == 2
    assert describe_unknown_images("seed1", 2).startswith(
        "seed1 was trained on or validated with 2 images that this run does not know"
    )
    assert describe_unknown_images("seed1", 0) == ""
