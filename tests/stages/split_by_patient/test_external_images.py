"""Images of external datasets are scored alone, and change nothing of the split."""

from pathlib import Path

import pandas as pd
import pytest

from lesions.errors import InputError
from tests.builders import WriteParams, dataset_section, metadata_table
from tests.splitting import SPLIT, split

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


def test_folders_of_external_datasets_do_not_determine_the_test_images(
    tmp_path: Path, write_params: WriteParams
) -> None:
    table = metadata_table(["nevus", "melanoma"] * 6, source=["ham10000"] * 8 + ["pad_ufes_20"] * 4)
    table["published_split"] = [None] * 8 + ["test"] * 4
    params = write_params(dataset=EXTERNAL, split=SPLIT | {"test_list": "published"})
    with pytest.raises(InputError, match=r"test_list is published, but no image is in a folder Test/"):
        split(tmp_path, params, table)
