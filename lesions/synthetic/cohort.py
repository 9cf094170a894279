"""Drawing the table of an invented cohort: its patients, lesions and images, without pixels."""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, field_validator

from lesions.parameters.strict import Section
from lesions.synthetic.epidemiology import OCCURRENCES
from lesions.synthetic.streams import random_stream

MIN_IMAGES = 150
LESIONS_PER_IMAGE = 0.7
PATIENTS_PER_LESION = 0.65
MAX_IMAGES_PER_LESION = 3
MAX_LESIONS_PER_PATIENT = 4
# Minimum for each diagnosis, each lesion in another patient: every split needs some, and HAM10000's shares of a small
# cohort would give the rarest diagnoses too few.
LEAST_LESIONS = 4
LEAST_SHARE_OF_LESIONS = 1 / 80
SHARE_MISSING = 0.02

COLUMNS = ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization", "patient_id"]


class SyntheticParameters(Section):
    """The section `generate_synthetic`.

    Attributes
    ----------
    num_images : int
        Number of images, at least 150.
    size_px : int
        Width and height of each image, in pixels.
    seed : int
        Seed of the cohort and of all images.
    """

    num_images: int
    size_px: int = Field(ge=32, le=1024)
    seed: int = Field(ge=0)

    @field_validator("num_images")
    @classmethod
    def _check_every_diagnosis_can_be_split(cls, num_images: int) -> int:
        if num_images < MIN_IMAGES:
            raise ValueError(
                f"expected at least {MIN_IMAGES}, got {num_images}: with fewer, the rare diagnoses "
                "have too few patients for train, val and test"
            )
        return num_images


def draw_cohort(*, num_images: int, seed: int) -> pd.DataFrame:
    """Draw a cohort with the class imbalance and the columns of HAM10000, and a column for the patient.

    A patient has 1 to 4 lesions, and a lesion 1 to 3 images. Age and sex are drawn for the diagnosis of the patient's
    first lesion, body site and kind of confirmation for each lesion's diagnosis. Every diagnosis has at least 4
    patients, and at least an eightieth of the number of lesions, so that it can be split.

    Parameters
    ----------
    num_images : int
        Number of rows, at least 150.
    seed : int
        Seed of the cohort.

    Returns
    -------
    DataFrame
        One row per image, in the order of `image_id`, with the columns `COLUMNS`. An unknown age (years,
        a multiple of 5) is NaN; an unknown sex or site is "unknown".
    """
    rng = random_stream(seed, "cohort")
    num_lesions = round(num_images * LESIONS_PER_IMAGE)
    num_patients = round(num_lesions * PATIENTS_PER_LESION)

    lesions = _draw_lesions(num_lesions, num_patients, rng)
    patients = _draw_patients(lesions.drop_duplicates("patient").set_index("patient")["dx"], rng)
    shown = _deal_items(num_images, holders=num_lesions, most=MAX_IMAGES_PER_LESION, rng=rng)
    images = lesions.loc[rng.permutation(shown)].join(patients, on="patient")

    # New random numbers, because the rarest diagnoses were drawn first.
    lesion_number = rng.permutation(num_lesions) + 1
    patient_number = rng.permutation(num_patients) + 1
    return images.assign(
        lesion_id=[f"SYN_L{lesion_number[lesion]:04d}" for lesion in images.index],
        image_id=[f"SYN_{number:07d}" for number in range(1, num_images + 1)],
        patient_id=[f"SYN_P{patient_number[patient]:04d}" for patient in images["patient"]],
    )[COLUMNS].reset_index(drop=True)


def _draw_lesions(num_lesions: int, num_patients: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the lesions; the first `num_patients` rows are the first lesion of each patient."""
    least = max(LEAST_LESIONS, math.ceil(num_lesions * LEAST_SHARE_OF_LESIONS))
    counts = _apportion_lesions(num_lesions, least=least)
    guaranteed = np.repeat(list(counts), least)
    others = np.repeat(list(counts), [count - least for count in counts.values()])
    diagnoses = np.concatenate([guaranteed, rng.permutation(others)])
    assert len(guaranteed) <= num_patients, "each guaranteed lesion needs a patient of its own"
    return pd.DataFrame(
        {
            "patient": _deal_items(num_lesions, holders=num_patients, most=MAX_LESIONS_PER_PATIENT, rng=rng),
            "dx": diagnoses,
            "dx_type": [_draw_one(OCCURRENCES[dx].dx_types, rng) for dx in diagnoses],
            "localization": [_draw_one(OCCURRENCES[dx].sites, rng) for dx in diagnoses],
        }
    )


def _draw_patients(first_diagnoses: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Draw an age and a sex for each patient, given the diagnosis of the first lesion."""
    occurrences = [OCCURRENCES[dx] for dx in first_diagnoses]
    ages = rng.normal([o.age_years for o in occurrences], [o.age_sd_years for o in occurrences])
    ages = np.clip(5 * np.round(ages / 5), 5, 85)
    sexes = np.where(rng.random(len(ages)) < [o.male for o in occurrences], "male", "female").astype(object)
    ages[rng.random(len(ages)) < SHARE_MISSING] = np.nan
    sexes[rng.random(len(ages)) < SHARE_MISSING] = "unknown"
    return pd.DataFrame({"age": ages, "sex": sexes}, index=first_diagnoses.index)


def _apportion_lesions(total: int, *, least: int) -> dict[str, int]:
    """Return the number of lesions of each diagnosis: by HAM10000's shares, at least `least`; naevi take the rest."""
    num_published = sum(occurrence.num_published for occurrence in OCCURRENCES.values())
    counts = {
        dx: max(least, round(total * occurrence.num_published / num_published))
        for dx, occurrence in OCCURRENCES.items()
    }
    counts["nv"] += total - sum(counts.values())
    return counts


def _deal_items(num_items: int, *, holders: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the holder of each item: 1 to `most` items per holder, and the first `holders` items one to each."""
    each = np.arange(holders)
    extra = rng.choice(np.repeat(each, most - 1), num_items - holders, replace=False)
    return np.concatenate([each, extra])


def _draw_one(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    """Draw one of the keys by their relative frequencies."""
    share = np.array(list(weights.values())) / sum(weights.values())
    return str(rng.choice(list(weights), p=share))
