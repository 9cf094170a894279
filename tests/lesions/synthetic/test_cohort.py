"""Tests that the invented cohort has HAM10000's imbalance, and enough patients per diagnosis for a split."""

import pandas as pd
import pytest
from pydantic import ValidationError

from lesions.synthetic.cohort import COLUMNS, SyntheticParameters, draw_cohort
from lesions.synthetic.epidemiology import OCCURRENCES


@pytest.fixture(scope="module")
def cohort() -> pd.DataFrame:
    return draw_cohort(num_images=1500, seed=1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("num_images", "least_lesions", "least_patients"), [(150, 3, 3), (1500, 12, 9)])
def test_every_diagnosis_can_be_split(num_images: int, least_lesions: int, least_patients: int, seed: int) -> None:
    cohort = draw_cohort(num_images=num_images, seed=seed)
    held = cohort.groupby("dx")[["lesion_id", "patient_id"]].nunique()
    assert set(held.index) == set(OCCURRENCES)
    assert held["lesion_id"].min() >= least_lesions
    assert held["patient_id"].min() >= least_patients


def test_the_imbalance_is_that_of_ham10000(cohort: pd.DataFrame) -> None:
    shares = cohort["dx"].value_counts(normalize=True)
    published = pd.Series({dx: occurrence.num_published / 10015 for dx, occurrence in OCCURRENCES.items()})
    assert shares.index[0] == "nv"
    assert set(shares.index[1:3]) == {"bkl", "mel"}
    assert (shares - published).abs().max() < 0.02


def test_the_table_has_one_row_per_image(cohort: pd.DataFrame) -> None:
    assert list(cohort.columns) == COLUMNS
    assert len(cohort) == 1500
    assert cohort["image_id"].is_unique
    assert cohort["image_id"].is_monotonic_increasing
    assert cohort["image_id"].iloc[0] == "SYN_0000001"


def test_lesions_have_one_to_three_images_and_patients_one_to_four_lesions(cohort: pd.DataFrame) -> None:
    assert set(cohort.groupby("lesion_id").size()) == {1, 2, 3}
    assert set(cohort.groupby("patient_id")["lesion_id"].nunique()) == {1, 2, 3, 4}


def test_a_lesion_has_one_patient_and_one_diagnosis(cohort: pd.DataFrame) -> None:
    of_lesion = cohort.groupby("lesion_id")[["patient_id", "dx", "dx_type", "localization"]].nunique()
    assert (of_lesion == 1).all(axis=None)


def test_a_patient_has_one_age_and_one_sex(cohort: pd.DataFrame) -> None:
    facts = cohort[["patient_id", "age", "sex"]].drop_duplicates()
    assert facts["patient_id"].is_unique


def test_some_ages_sexes_and_sites_are_missing_as_in_ham10000(cohort: pd.DataFrame) -> None:
    assert 0 < cohort["age"].isna().mean() < 0.06
    assert set(cohort["sex"]) == {"female", "male", "unknown"}
    assert "unknown" in set(cohort["localization"])
    ages = cohort["age"].dropna()
    assert ages.between(5, 85).all()
    assert (ages % 5 == 0).all()


def test_carcinomas_are_confirmed_by_histology_and_found_in_older_patients(cohort: pd.DataFrame) -> None:
    assert set(cohort["dx_type"]) == {"histo", "follow_up", "consensus", "confocal"}
    assert set(cohort.loc[cohort["dx"].isin(["akiec", "bcc", "mel"]), "dx_type"]) == {"histo"}
    ages = cohort.groupby("dx")["age"].mean()
    assert ages["bcc"] > ages["nv"] + 10


def test_identifiers_do_not_reveal_the_diagnosis(cohort: pd.DataFrame) -> None:
    is_naevus = (cohort["dx"] == "nv").astype(float)
    for identifier in ("image_id", "lesion_id", "patient_id"):
        numbers = cohort[identifier].str.extract(r"(\d+)$")[0].astype(float)
        assert abs(numbers.corr(is_naevus)) < 0.12


def test_the_same_seed_draws_the_same_cohort_and_another_seed_another_one() -> None:
    pd.testing.assert_frame_equal(draw_cohort(num_images=150, seed=1), draw_cohort(num_images=150, seed=1))
    assert not draw_cohort(num_images=150, seed=1).equals(draw_cohort(num_images=150, seed=2))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"num_images": 149}, "too few patients"),
        ({"size_px": 31}, "32"),
        ({"size_px": 1025}, "1024"),
        ({"seed": -1}, "0"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_parameters_out_of_range_are_refused(changed: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        SyntheticParameters.model_validate({"num_images": 150, "size_px": 96, "seed": 1} | changed)
