"""Copies with different diagnoses are told by diagnosis, then dropped or kept; too many stop the run."""

from pathlib import Path

import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.tables.splits import read_split_metadata
from tests.builders import WriteParams, dataset_section, metadata_table
from tests.splitting import SPLIT, SYNTHETIC, split

# The first nevus, its copy, and a melanoma that is a copy of that copy.
COPIES = pd.DataFrame({"image_id": ["image_0000", "image_0001"], "other_image_id": ["image_0001", "image_0010"]})


@pytest.mark.parametrize(("choice", "num_dropped"), [("drop", 3), ("keep", 0)])
def test_copies_with_different_diagnoses_are_dropped_or_kept(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str], choice: str, num_dropped: int
) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 10)
    splits, metrics, _ = split(
        tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | {"conflicting_copies": choice}), table, COPIES
    )
    dropped = splits[splits.split == "dropped"].image_id.tolist()
    assert dropped == ["image_0000", "image_0001", "image_0010"][:num_dropped]
    assert (metrics["num_conflicting_images"], metrics["num_conflicting_images_dropped"]) == (3, num_dropped)
    assert metrics["conflicting_images"] == {
        "melanoma": {"num_conflicting": 1, "num_images": 10},
        "nevus": {"num_conflicting": 2, "num_images": 10},
    }
    assert metrics["conflicting_pairs"] == {"melanoma": {"nevus": 2}}
    assert sum(metrics["num_images"].values()) == len(splits) - num_dropped == 20 - num_dropped
    shown = capsys.readouterr().out
    heading = f"3 of 20 images have copies with another diagnosis; {num_dropped} were dropped"
    assert (
        f"{heading} (split.conflicting_copies):\n  melanoma ↔ nevus: 2 pairs\n  2 of 10 nevus\n  1 of 10 melanoma\n"
    ) in shown
    seen = read_split_metadata(tmp_path / "metadata.csv", tmp_path / "splits.csv")
    assert set(seen.image_id) == set(table.image_id) - set(dropped)


def test_a_diagnosis_whose_images_all_conflict_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 9 + ["melanoma"])
    copies = pd.DataFrame({"image_id": ["image_0000"], "other_image_id": ["image_0009"]})
    message = r"every image of the diagnosis melanoma has a copy with another diagnosis; .* split.conflicting_copies"
    with pytest.raises(InputError, match=message):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table, copies)


@pytest.mark.parametrize("choice", ["drop", "keep"])
def test_too_many_conflicts_stop_the_run_whatever_becomes_of_them(
    tmp_path: Path, write_params: WriteParams, choice: str
) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 10)
    allowed = {"conflicting_copies": choice, "max_conflicting_fraction": 0.02}
    with pytest.raises(InputError, match=r"3 of 20 images \(15\.0%\) have a copy with another diagnosis"):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | allowed), table, COPIES)
    assert not (tmp_path / "splits.csv").exists()
    allowed["max_conflicting_fraction"] = 0.15
    split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | allowed), table, COPIES)


def test_too_many_conflicts_among_external_images_stop_the_run(tmp_path: Path, write_params: WriteParams) -> None:
    """Two of six external images are one picture with two diagnoses; no image to train on has a copy."""
    table = metadata_table(["nevus", "melanoma"] * 13, source=["ham10000"] * 20 + ["pad_ufes_20"] * 6)
    copies = pd.DataFrame({"image_id": ["image_0020"], "other_image_id": ["image_0021"]})
    dataset = dataset_section("data/raw", "ham10000", external=["pad_ufes_20"])
    with pytest.raises(InputError, match=r"2 of 6 images \(33\.3%\) have a copy with another diagnosis"):
        split(tmp_path, write_params(dataset=dataset, split=SPLIT | {"max_conflicting_fraction": 0.3}), table, copies)
    _, metrics, _ = split(tmp_path, write_params(dataset=dataset, split=SPLIT), table, copies)
    assert (metrics["num_external_images"], metrics["num_external_images_dropped"]) == (4, 2)
