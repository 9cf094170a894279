"""Predictions of others are joined with their dataset, and parted by what is outside their test set."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.evaluation.audit import Audit, audit_predictions, find_ties
from lesions.evaluation.audit_scores import compare_tied_with_rest, score_whole
from lesions.tables.foreign_predictions import ForeignPredictions

PATH = Path("p.csv")


def records(num_patients: int = 40) -> pd.DataFrame:
    """Two images per patient, the even patients' of one lesion; nevi and melanomas in turns of two patients."""
    patient = np.repeat(np.arange(num_patients), 2)
    lesion = np.where(patient % 2 == 0, patient * 10, patient * 10 + np.arange(2 * num_patients) % 2)
    return pd.DataFrame(
        {
            "image_id": [f"i{n:03d}" for n in range(2 * num_patients)],
            "patient_id": [f"p{n}" for n in patient],
            "lesion_id": [f"l{n}" for n in lesion],
            "diagnosis": np.where(patient // 2 % 2 == 0, "nevus", "melanoma"),
        }
    )


def predict(images: pd.DataFrame, right: np.ndarray, words: tuple[str, str] = ("0", "1")) -> ForeignPredictions:
    truth = (images.diagnosis == "melanoma").to_numpy().astype(int)
    called = np.where(right, truth, 1 - truth)
    spelled = np.array(words)
    return ForeignPredictions(
        ("/somewhere/" + images.image_id + ".jpg").reset_index(drop=True),
        words,
        pd.Series(spelled[truth]),
        pd.Series(spelled[called]),
        np.eye(2)[called] * 0.8 + 0.1,
        np.arange(len(images)) + 2,
        (),
    )


def all_right(num_images: int) -> np.ndarray:
    return np.ones(num_images, dtype=bool)


def audit(right: np.ndarray | None = None) -> Audit:
    """The test set has both images of the first 20 patients, and the first image of the others."""
    everything = records()
    patient = everything.patient_id.str[1:].astype(int)
    chosen = everything[(patient < 20) | (np.arange(len(everything)) % 2 == 0)]
    right = all_right(len(chosen)) if right is None else right
    return audit_predictions(PATH, predict(chosen, right), everything, {})


def test_numbers_become_the_diagnoses_that_their_images_have() -> None:
    found = audit()
    assert found.class_of == {"0": "nevus", "1": "melanoma"}
    assert found.predictions.classes == ("nevus", "melanoma")
    assert found.num_disagreeing == 0


def test_images_are_tied_by_patient_and_by_lesion() -> None:
    found = audit()
    # Of 60 images, the 20 of the last patients have another image outside; 10 of these patients have one lesion.
    assert (int(found.tied.sum()), dict(found.num_tied)) == (20, {"patient_id": 20, "lesion_id": 10})


def test_an_image_without_identifier_is_tied_to_none() -> None:
    everywhere = pd.Series(["a", "a", None, None, "b"])
    assert find_ties(everywhere, pd.Series(["a", None, "b"])).tolist() == [True, False, False]


def test_the_parts_are_scored_apart_and_compared() -> None:
    tied = audit().tied
    right = np.ones(60, dtype=bool)
    right[np.flatnonzero(~tied)[::4]] = False  # 10 of 40
    found = audit(right)
    parts = compare_tied_with_rest(found)
    assert (parts["accuracy"].tied.value, parts["accuracy"].rest.value) == (1, 0.75)
    assert parts["accuracy"].difference.value == pytest.approx(0.25)
    assert score_whole(found)["accuracy"].value == pytest.approx(50 / 60)


def test_parts_that_share_less_than_two_classes_are_not_compared() -> None:
    everything = records()
    nevi = everything.diagnosis == "nevus"
    chosen = everything[nevi | (everything.index < 40)]
    found = audit_predictions(PATH, predict(chosen, all_right(len(chosen))), everything, {})
    assert not found.tied.any()
    assert compare_tied_with_rest(found) == {}


def test_the_files_classes_count_where_the_dataset_has_others() -> None:
    everything = records()
    changed = everything.assign(diagnosis=everything.diagnosis.where(everything.index != 3, "melanoma"))
    foreign = predict(everything, all_right(len(everything)))
    found = audit_predictions(PATH, foreign, changed, {})
    assert found.num_disagreeing == 1
    assert score_whole(found)["accuracy"].value == 1


@pytest.mark.parametrize(
    ("choose", "class_of", "message"),
    [
        (
            lambda all_: all_.assign(image_id="x" + all_.image_id),
            {},
            r"line 2: 'xi000' is not in the dataset \(80 of",
        ),
        (lambda all_: all_, {"0": "melanoma"}, "both '0' and '1' seem to be melanoma; say"),
        (lambda all_: all_.head(4), {}, "not known which diagnosis '1' is; say it with --class 1="),
        (lambda all_: pd.concat([all_, all_.head(1)]), {}, "line 82: 'i000' is there twice"),
    ],
)
def test_predictions_that_do_not_fit_the_dataset_are_refused(
    choose: Callable[[pd.DataFrame], pd.DataFrame], class_of: dict[str, str], message: str
) -> None:
    images = choose(records())
    with pytest.raises(InputError, match=rf"p\.csv.*{message}"):
        audit_predictions(PATH, predict(images, all_right(len(images))), records(), class_of)
