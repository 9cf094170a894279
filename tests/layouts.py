"""A published dataset's folder that is run up to the split."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.tables.index import write_index
from lesions.tables.metadata import read_metadata
from stages import cache_images, prepare_metadata, split_by_patient
from tests.builders import NO_SHARDS, TASK, WriteParams, dataset_section
from tests.preparation import index_rows
from tests.test_isic_tables import SPLIT


class Run:
    """A dataset's folder, and what the stages from the images to the split made of it.

    Attributes
    ----------
    task
        The section `task`.
    undecoded
        The names of images that count as decoded; None if there are image files in the folder.
    """

    def __init__(self, folder: Path, write_params: WriteParams) -> None:
        self.root, self.folder, self.write_params = folder / "root", folder, write_params
        self.task = TASK
        self.undecoded: list[str] | None = None
        self.root.mkdir()

    def run(
        self,
        name: str,
        *,
        split: dict[str, Any] | None = None,
        pairs: Sequence[tuple[str, str]] = (),
        **changes: Any,
    ) -> pd.DataFrame:
        """Run the stages, and return the metadata with the split of each image.

        Parameters
        ----------
        split
            Changes of the section `split`.
        pairs
            The images that count as near duplicates.
        changes
            Of the section `dataset`.
        """
        params = self.write_params(
            task=self.task,
            dataset=dataset_section(self.root, name, **changes),
            cache_images={"size_px": 24, "fit": "crop", "max_megapixels": 1.0},
            shards=NO_SHARDS,
            split=SPLIT | {"max_share_deviation": 0.4} | (split or {}),
        )
        folder = self.folder
        metadata, copies, splits = folder / "metadata.csv", folder / "pairs.csv", folder / "splits.csv"
        if self.undecoded is None:
            cache_images.main(folder / "images.npy", folder / "images.csv", params)
        else:
            write_index(folder / "images.csv", index_rows(self.undecoded))
        prepare_metadata.main(folder / "images.csv", metadata, folder / "rejected.csv", folder / "data.json", params)
        pd.DataFrame(pairs, columns=["image_id", "other_image_id"]).to_csv(copies, index=False)
        metrics, shares, described = (folder / f"{one}.json" for one in ("split", "shares", "characteristics"))
        split_by_patient.main(metadata, copies, splits, metrics, shares, described, params)
        table = read_metadata(metadata).merge(pd.read_csv(splits, dtype={"image_id": "str"}), on="image_id")
        for identifier in ("patient_id", "lesion_id"):
            assert not (table.groupby(identifier).split.nunique() > 1).any()
        counts = self.counts
        assert counts["num_rows"] == counts["num_images"] + counts["num_rejected"] + counts["num_left_out"]
        return table

    @property
    def counts(self) -> dict[str, Any]:
        return json.loads((self.folder / "data.json").read_text())


def count_words(table: pd.DataFrame) -> dict[str, int]:
    """Return the number of images of each diagnosis."""
    return {str(name): int(number) for name, number in table.diagnosis.value_counts().items()}
