"""Tests of the split that the stage writes."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.formats.table import write_table
from lesions.tables.metadata import COLUMNS
from lesions.tables.splits import read_split_metadata
from stages import split_by_patient
from tests.builders import HAM10000, WriteParams, dataset_section, metadata_table, needs_ham10000

SPLIT = {
    "seed": 0,
    "scheme": "group",
    "conflicting_copies": "drop",
    "shares": {"train": 0.6, "val": 0.2, "test": 0.2},
    "max_share_deviation": 0.1,
    "num_folds": 5,
    "fold": None,
    "test_list": None,
    "test_list_sha256": None,
}
SYNTHETIC = dataset_section("data/raw/synthetic", "synthetic")
NO_COPIES = pd.DataFrame({"image_id": [], "other_image_id": []})


def split(
    tmp_path: Path, params: Path, table: pd.DataFrame, copies: pd.DataFrame = NO_COPIES
) -> tuple[pd.DataFrame, dict[str, Any], pd.DataFrame]:
    write_table(tmp_path / "metadata.csv", table[COLUMNS], sort_by="image_id")
    copies.to_csv(tmp_path / "near_duplicates.csv", index=False)
    split_by_patient.main(
        tmp_path / "metadata.csv",
        tmp_path / "near_duplicates.csv",
        tmp_path / "splits.csv",
        tmp_path / "split.json",
        tmp_path / "shares.json",
        params,
    )
    metrics = json.loads((tmp_path / "split.json").read_text())
    return pd.read_csv(tmp_path / "splits.csv"), metrics, pd.read_json(tmp_path / "shares.json")


def test_the_wanted_shares_are_met_and_described(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 5)
    splits, metrics, shares = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    assert splits.columns.tolist() == ["image_id", "group_id", "split"]
    assert splits.image_id.tolist() == table.image_id.tolist()
    assert shares.pivot(index="diagnosis", columns="split", values="num_images").to_dict("index") == {
        "melanoma": {"train": 3, "val": 1, "test": 1},
        "nevus": {"train": 6, "val": 2, "test": 2},
    }
    np.testing.assert_allclose(shares.share_got, shares.share_asked)
    test = table.merge(splits[splits.split == "test"], on="image_id").sort_values("image_id")
    lines = [
        "image_id,sha256,diagnosis",
        *(",".join(row) for row in test[["image_id", "sha256", "diagnosis"]].values),
    ]
    assert metrics == {
        "schema": 1,
        "grouped_by": "patient_id and lesion_id",
        "num_groups": 15,
        "largest_group": 1,
        "num_images": {"train": 9, "val": 3, "test": 3},
        "worst_share_deviation": 0.0,
        "worst_share_diagnosis": "melanoma in test",
        "num_images_without_patient": 0,
        "num_images_without_identifier": 0,
        "tested_by": "shares",
        "num_external_images": 0,
        "num_external_images_dropped": 0,
        "num_siblings_of_listed_dropped": 0,
        "num_conflicting_images": 0,
        "num_conflicting_images_dropped": 0,
        "leaked_test_share": 0.0,
        "image_wise_leaked_test_share": {"all": 0.0, "melanoma": 0.0, "nevus": 0.0},
        "test_images_sha256": hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest(),
    }


def test_other_training_images_do_not_change_the_hash_of_the_test_images(
    tmp_path: Path, write_params: WriteParams
) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 5)
    splits, before, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    trained = splits.split == "train"
    changed = table.assign(sha256=np.where(trained, "1" * 64, table.sha256))
    assert split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), changed)[1] == before
    changed = table.assign(sha256=np.where(trained, table.sha256, "1" * 64))
    after = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), changed)[1]
    assert after["test_images_sha256"] != before["test_images_sha256"]
    assert after["num_images"] == before["num_images"]


def test_a_split_by_image_reports_its_leaks(tmp_path: Path, write_params: WriteParams) -> None:
    # Nevi in pairs, and single melanomas.
    table = metadata_table(
        ["nevus"] * 40 + ["melanoma"] * 20, patient_id=[f"p{n // 2 if n < 40 else n}" for n in range(60)]
    )
    whole = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)[1]
    splits, image_wise, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | {"scheme": "image"}), table)
    assert whole["leaked_test_share"] == 0
    # 36 of the 59 other images are drawn for training; one of them is the sibling.
    expected = {"all": 40 / 60 * 36 / 59, "melanoma": 0, "nevus": 36 / 59}
    assert whole["image_wise_leaked_test_share"] == pytest.approx(expected, abs=1e-6)
    assert image_wise["image_wise_leaked_test_share"] == pytest.approx(expected, abs=1e-6)
    trained = set(splits[splits.split == "train"].group_id)
    leaked = splits[splits.split == "test"].group_id.isin(trained).mean()
    assert image_wise["leaked_test_share"] == pytest.approx(leaked, abs=1e-6)
    assert leaked > 0.1
    # The groups do not depend on the scheme, because intervals resample them.
    assert splits.group_id.nunique() == image_wise["num_groups"] == 40


def test_copies_stay_in_one_split(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 60 + ["melanoma"] * 60)
    ids = table.image_id
    copies = pd.DataFrame({"image_id": ids[:60:2].tolist(), "other_image_id": ids[1:60:2].tolist()})
    splits, metrics, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table, copies)
    side = splits.set_index("image_id").split
    assert (side[copies.image_id].to_numpy() == side[copies.other_image_id].to_numpy()).all()
    assert metrics["num_groups"] == 90


@pytest.mark.parametrize(("choice", "num_dropped"), [("drop", 3), ("keep", 0)])
def test_copies_with_different_diagnoses_are_dropped_or_kept(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str], choice: str, num_dropped: int
) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 10)
    # The first nevus, its copy, and a melanoma that is a copy of that copy.
    copies = pd.DataFrame({"image_id": ["image_0000", "image_0001"], "other_image_id": ["image_0001", "image_0010"]})
    splits, metrics, _ = split(
        tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | {"conflicting_copies": choice}), table, copies
    )
    dropped = splits[splits.split == "dropped"].image_id.tolist()
    assert dropped == ["image_0000", "image_0001", "image_0010"][:num_dropped]
    assert (metrics["num_conflicting_images"], metrics["num_conflicting_images_dropped"]) == (3, num_dropped)
    assert sum(metrics["num_images"].values()) == len(splits) - num_dropped == 20 - num_dropped
    assert f"3 images have copies with another diagnosis; {num_dropped} were dropped" in capsys.readouterr().out
    seen = read_split_metadata(tmp_path / "metadata.csv", tmp_path / "splits.csv")
    assert set(seen.image_id) == set(table.image_id) - set(dropped)


def test_images_without_identifiers_are_counted(tmp_path: Path, write_params: WriteParams) -> None:
    diagnoses = ["nevus"] * 10 + ["melanoma"] * 5
    table = metadata_table(diagnoses)
    table.loc[:3, "patient_id"] = None
    table.loc[2:5, "lesion_id"] = None
    metrics = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)[1]
    assert (metrics["num_images_without_patient"], metrics["num_images_without_identifier"]) == (4, 2)


def test_a_single_diagnosis_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    with pytest.raises(InputError, match=r"metadata.csv: all images have the diagnosis nevus; there is nothing to"):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), metadata_table(["nevus"] * 9))


def test_no_patient_is_in_two_splits(tmp_path: Path, write_params: WriteParams) -> None:
    generator = np.random.default_rng(0)
    patients = [f"p{n}" for n in generator.integers(60, size=300)]
    table = metadata_table(generator.choice(["nevus", "melanoma"], 300).tolist(), patient_id=patients)
    splits, metrics, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    assert splits.split.groupby(table.patient_id).nunique().max() == 1
    assert metrics["num_groups"] == len(set(patients))
    assert metrics["worst_share_deviation"] < 0.05


def test_the_identifier_used_for_grouping_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 5, patient_id=[None] * 15)
    assert split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)[1]["grouped_by"] == "lesion_id"


def test_a_diagnosis_with_fewer_groups_than_splits_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(
        ["nevus"] * 9 + ["melanoma"] * 4 + ["dermatofibroma"], patient_id=[*"abcdefghi", "x", "x", "y", "y", "z"]
    )
    message = (
        r"metadata.csv: fewer than 3 groups .* have the diagnosis dermatofibroma \(1\), melanoma \(2\); add cases"
    )
    with pytest.raises(InputError, match=message):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    assert not (tmp_path / "splits.csv").exists()


def test_a_share_far_from_the_wanted_one_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    # One patient has 8 of 10 melanomas, so that no split can have the wanted share.
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 10, patient_id=[*"abcdefghij", *"kkkkkkkk", "l", "m"])
    with pytest.raises(InputError, match=r"0\.800 of the diagnosis melanoma would be in train, 0.6 is wanted"):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    assert not (tmp_path / "splits.csv").exists()
    lenient = SPLIT | {"max_share_deviation": 0.25}
    assert split(tmp_path, write_params(dataset=SYNTHETIC, split=lenient), table)[1]["worst_share_deviation"] == 0.2


def test_shares_that_do_not_sum_to_one_are_refused_by_name(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(dataset=SYNTHETIC, split=SPLIT | {"shares": {"train": 0.6, "val": 0.3, "test": 0.3}})
    with pytest.raises(InputError, match=r"split.shares: train, val and test must sum to 1, got 1.2"):
        split(tmp_path, params, metadata_table(["nevus"] * 9))


def fold_of(tmp_path: Path, write_params: WriteParams, table: pd.DataFrame, fold: int) -> pd.DataFrame:
    splits, metrics, _ = split(
        tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | {"num_folds": 4, "fold": fold}), table
    )
    assert metrics["tested_by"] == "fold"
    return splits


def test_each_image_is_tested_by_one_fold_and_patients_stay_whole(tmp_path: Path, write_params: WriteParams) -> None:
    generator = np.random.default_rng(0)
    patients = [f"p{n}" for n in generator.integers(80, size=240)]
    table = metadata_table(generator.choice(["nevus", "melanoma"], 240).tolist(), patient_id=patients)
    folds = [fold_of(tmp_path, write_params, table, fold) for fold in range(4)]
    tested = np.stack([(splits.split == "test").to_numpy() for splits in folds])
    assert (tested.sum(axis=0) == 1).all()
    for splits in folds:
        assert splits.split.groupby(table.patient_id).nunique().max() == 1
        # A quarter is for test; train and val divide the others as 0.6 to 0.2.
        parts = splits.split.value_counts(normalize=True)
        assert parts.to_dict() == pytest.approx({"train": 0.5625, "val": 0.1875, "test": 0.25}, abs=0.03)


def test_a_diagnosis_with_fewer_groups_than_folds_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 20 + ["melanoma"] * 4)
    with pytest.raises(InputError, match=r"fewer than 5 groups .* one for each split or fold, .* melanoma \(4\)"):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | {"fold": 0}), table)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fold": 5}, r"fold: expected 0 to 4 \(num_folds is 5\), got 5"),
        ({"fold": 1, "test_list": "official.csv", "test_list_sha256": "a" * 64}, r"both determine the test images"),
        (
            {"test_list": "official.csv"},
            r"test_list and test_list_sha256 \(what sha256sum prints .* be given together",
        ),
        ({"test_list_sha256": "a" * 64}, r"must be given together; got None and a{64}"),
        (
            {"test_list": "official.csv", "test_list_sha256": "abc"},
            r"split.test_list_sha256: expected the 64 hexadecimal digits .* got 'abc'",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    tmp_path: Path, write_params: WriteParams, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | changes), metadata_table(["nevus"] * 9))


def listed(tmp_path: Path, write_params: WriteParams, text: str, **changes: Any) -> Path:
    """Write a test list, and return parameters that name it."""
    path = tmp_path / "official.csv"
    path.write_text(text)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return write_params(
        dataset=SYNTHETIC, split=SPLIT | {"test_list": str(path), "test_list_sha256": digest} | changes
    )


def test_a_published_list_fixes_the_test_images(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 20 + ["melanoma"] * 20)
    official = table.image_id[[0, 1, 2, 20]].tolist()
    text = "image,MEL,NV\n" + "".join(f"{name}.jpg,0,1\n" for name in official)
    splits, metrics, shares = split(tmp_path, listed(tmp_path, write_params, text), table)
    assert splits[splits.split == "test"].image_id.tolist() == official
    assert metrics["tested_by"] == "list"
    assert metrics["num_images"] == {"train": 27, "val": 9, "test": 4}
    # One of 20 melanomas is in test, and three quarters of the others are in train.
    wanted = shares[shares.diagnosis == "melanoma"].set_index("split").share_asked
    assert wanted.to_dict() == pytest.approx({"test": 0.05, "train": 0.95 * 0.75, "val": 0.95 * 0.25})


def test_images_that_share_a_patient_or_picture_with_a_listed_one_are_dropped(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    diagnoses = ["nevus"] * 20 + ["melanoma"] * 20
    table = metadata_table(diagnoses, patient_id=["a", "a", "b", *(f"p{n}" for n in range(37))])
    copies = pd.DataFrame({"image_id": ["image_0002"], "other_image_id": ["image_0003"]})
    text = "image_id\nimage_0000\nimage_0002\n"
    splits, metrics, _ = split(tmp_path, listed(tmp_path, write_params, text), table, copies)
    assert splits[splits.split == "dropped"].image_id.tolist() == ["image_0001", "image_0003"]
    assert metrics["num_siblings_of_listed_dropped"] == 2
    assert metrics["leaked_test_share"] == 0
    assert "2 images that split.test_list does not name were dropped" in capsys.readouterr().out


def test_a_listed_image_is_tested_even_if_a_copy_contradicts_it(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 20 + ["melanoma"] * 20)
    copies = pd.DataFrame({"image_id": ["image_0000"], "other_image_id": ["image_0020"]})
    params = listed(tmp_path, write_params, "image_id\nimage_0000\n")
    splits, metrics, _ = split(tmp_path, params, table, copies)
    assert splits.set_index("image_id").split[["image_0000", "image_0020"]].tolist() == ["test", "dropped"]
    assert metrics["num_conflicting_images_dropped"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "image_id\nimage_0000\nISIC_1\n",
            r"official.csv, line 3: the metadata have no image 'ISIC_1', nor 0 others of the 2",
        ),
        ("image_id\nimage_0000\nimage_0001\nimage_0000\n", r"official.csv, line 4: 'image_0000' is named twice"),
        ("image_id\n", r"official.csv: split.test_list names no image"),
        ("ISIC_1.jpg\nimage_0001\n", r"official.csv, line 1: the header is 'ISIC_1.jpg', the name of an image"),
        ("image_0000\nimage_0001\n", r"official.csv, line 1: the header is 'image_0000', the name of an image"),
    ],
)
def test_an_invalid_list_is_refused(tmp_path: Path, write_params: WriteParams, text: str, message: str) -> None:
    table = metadata_table(["nevus"] * 20 + ["melanoma"] * 20)
    with pytest.raises(InputError, match=message):
        split(tmp_path, listed(tmp_path, write_params, text), table)


def test_a_changed_list_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    params = listed(tmp_path, write_params, "image_id\nimage_0000\n", test_list_sha256="a" * 64)
    with pytest.raises(InputError, match=r"official.csv has the sha256 .*, and split.test_list_sha256 is a{64}"):
        split(tmp_path, params, metadata_table(["nevus"] * 9))


def test_a_diagnosis_of_listed_images_alone_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 20 + ["melanoma"] * 3)
    text = "image_id\n" + "".join(f"image_{n:04d}\n" for n in (20, 21, 22))
    with pytest.raises(InputError, match=r"melanoma in train; too many of its images are on the test list"):
        split(tmp_path, listed(tmp_path, write_params, text), table)


def test_a_list_of_all_images_leaves_nothing_to_train_on(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 4 + ["melanoma"] * 4)
    text = "image_id\n" + "".join(f"{name}\n" for name in table.image_id)
    with pytest.raises(InputError, match=r"has the diagnosis melanoma in train"):
        split(tmp_path, listed(tmp_path, write_params, text), table)


def test_a_diagnosis_whose_images_all_conflict_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 9 + ["melanoma"])
    copies = pd.DataFrame({"image_id": ["image_0000"], "other_image_id": ["image_0009"]})
    message = r"every image of the diagnosis melanoma has a copy with another diagnosis; .* split.conflicting_copies"
    with pytest.raises(InputError, match=message):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table, copies)


def test_the_leak_of_a_split_by_the_list_alone_is_reported(tmp_path: Path, write_params: WriteParams) -> None:
    diagnoses = ["nevus"] * 20 + ["melanoma"] * 20
    table = metadata_table(diagnoses, patient_id=["a", "a", *(f"p{n}" for n in range(38))])
    text = "image_id\nimage_0000\nimage_0002\nimage_0020\nimage_0021\n"
    metrics = split(tmp_path, listed(tmp_path, write_params, text), table)[1]
    # One of the four listed images has a sibling that is not on the list; both are nevi.
    assert metrics["image_wise_leaked_test_share"] == {"all": 0.25, "melanoma": 0, "nevus": 0.5}


@needs_ham10000
def test_ham10000_is_split_by_lesion_to_within_one_image(tmp_path: Path, write_params: WriteParams) -> None:
    published = pd.read_csv(HAM10000 / "HAM10000_metadata.csv")
    table = metadata_table(
        published.dx.tolist(),
        image_id=published.image_id.tolist(),
        patient_id=[None] * len(published),
        lesion_id=published.lesion_id.tolist(),
    )
    splits, metrics, shares = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    lesions = splits.set_index("image_id").split.groupby(published.set_index("image_id").lesion_id)
    assert lesions.nunique().max() == 1
    totals = shares.groupby("diagnosis").num_images.transform("sum")
    assert (shares.num_images - shares.share_asked * totals).abs().max() <= 1
    assert metrics["num_groups"] == published.lesion_id.nunique()


EXTERNAL = dataset_section("data/raw", "ham10000", external=["pad_ufes_20"])


def test_external_images_are_kept_apart_and_those_in_both_datasets_are_dropped(
    tmp_path: Path, write_params: WriteParams
) -> None:
    """One of six external images is a copy of an image to train on, and another shares its patient."""
    sources = ["ham10000"] * 20 + ["pad_ufes_20"] * 6
    table = metadata_table(["nevus", "melanoma"] * 13, source=sources)
    table.loc[21, "patient_id"] = table.patient_id[20]
    copies = pd.DataFrame({"image_id": [table.image_id[0]], "other_image_id": [table.image_id[20]]})
    splits, metrics, shares = split(tmp_path, write_params(dataset=EXTERNAL, split=SPLIT), table, copies)
    assert splits.split.iloc[20:].tolist() == ["dropped", "dropped", *["external"] * 4]
    assert set(splits.split.iloc[:20]) == {"train", "val", "test"}
    assert (metrics["num_external_images"], metrics["num_external_images_dropped"]) == (4, 2)
    assert metrics["num_siblings_of_listed_dropped"] == 0
    assert shares.num_images.sum() == 20


def test_published_folders_determine_the_test_images(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus", "melanoma"] * 5, published_split=["train"] * 6 + ["test"] * 4)
    params = write_params(dataset=SYNTHETIC, split=SPLIT | {"test_list": "published"})
    splits, metrics, _ = split(tmp_path, params, table)
    assert splits.split[6:].tolist() == ["test"] * 4
    assert set(splits.split[:6]) == {"train", "val"}
    assert metrics["tested_by"] == "list"


def test_a_missing_published_test_set_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(dataset=SYNTHETIC, split=SPLIT | {"test_list": "published"})
    with pytest.raises(InputError, match=r"test_list is published, but no image is in a folder Test/"):
        split(tmp_path, params, metadata_table(["nevus"] * 9))


def test_without_identifiers_no_leak_is_reported(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    table = metadata_table(["nevus", "melanoma"] * 5, patient_id=[None] * 10, lesion_id=[None] * 10)
    split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
    shown = capsys.readouterr().out
    assert "the data name no patient and no lesion: only copies are kept together" in shown
    assert "0.0%" not in shown


def test_external_images_do_not_change_the_split(tmp_path: Path, write_params: WriteParams) -> None:
    """One external image is a copy of two of our own, another of a third one with another diagnosis."""
    own = metadata_table(["nevus", "melanoma"] * 10, source=["ham10000"] * 20)
    params = write_params(dataset=EXTERNAL, split=SPLIT)
    alone, _, _ = split(tmp_path, params, own)
    both = metadata_table(["nevus", "melanoma"] * 13, source=["ham10000"] * 20 + ["pad_ufes_20"] * 6)
    pairs = {"image_id": both.image_id[[0, 2, 5]].tolist(), "other_image_id": both.image_id[[20, 20, 22]].tolist()}
    together, metrics, _ = split(tmp_path, params, both, pd.DataFrame(pairs))
    pd.testing.assert_frame_equal(together[:20], alone)
    assert together.split[20:].tolist() == ["dropped", "external", "dropped", *["external"] * 3]
    assert metrics["num_conflicting_images"] == 0
    assert not set(together.group_id[20:]) & set(together.group_id[:20])


def test_a_list_names_images_with_or_without_their_folders(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus", "melanoma"] * 5)
    table["image_id"] = "ham10000/" + table.image_id
    for names in (table.image_id[6:], table.image_id[6:].str.removeprefix("ham10000/") + ".jpg"):
        path = tmp_path / "list.csv"
        path.write_text("\n".join(["image", *names]) + "\n")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        changes = {"test_list": str(path), "test_list_sha256": digest}
        splits, _, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | changes), table)
        assert (splits.split == "test").tolist() == [False] * 6 + [True] * 4


def test_a_diagnosis_whose_images_are_all_siblings_of_listed_ones_is_named(
    tmp_path: Path, write_params: WriteParams
) -> None:
    table = metadata_table(["nevus", "melanoma"] * 5 + ["dermatofibroma"] * 2)
    table.loc[10:, "patient_id"] = table.patient_id[8:10].tolist()
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["image", *table.image_id[6:10]]) + "\n")
    changes = {"test_list": str(path), "test_list_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    with pytest.raises(InputError, match="every image of the diagnosis dermatofibroma shares a patient"):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | changes), table)


def test_folders_of_external_datasets_do_not_determine_the_test_images(
    tmp_path: Path, write_params: WriteParams
) -> None:
    table = metadata_table(["nevus", "melanoma"] * 6, source=["ham10000"] * 8 + ["pad_ufes_20"] * 4)
    table["published_split"] = [None] * 8 + ["test"] * 4
    params = write_params(dataset=EXTERNAL, split=SPLIT | {"test_list": "published"})
    with pytest.raises(InputError, match=r"test_list is published, but no image is in a folder Test/"):
        split(tmp_path, params, table)
