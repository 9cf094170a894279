"""Tables of datasets and indices of their images, for the stage `prepare_metadata` to read."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.tables.index import write_index
from lesions.tables.metadata import read_metadata
from stages import prepare_metadata
from tests.builders import WriteParams, dataset_section

HEADER = "lesion_id,image_id,dx,dx_type,age,sex,localization"
GOOD = [f"HAM_{n},ISIC_{n},mel,histo,{50 + n}.0,male,back" for n in range(9)]
BAD = "HAM_9,ISIC_9,mel,histo,50.0,male,back"


def index_rows(ids: list[str]) -> list[dict[str, Any]]:
    """The index of sound images in one folder, one image for each name."""
    sizes = {"width_px": 600, "height_px": 450, "sha256": "a" * 64, "perceptual_hash": "b" * 200}
    return [{"file": f"part_1/{image_id}.jpg", "row": row, **sizes} for row, image_id in enumerate(ids)]


def prepare(folder: Path, params: Path) -> None:
    """Run the stage with its index and its outputs in a folder."""
    prepare_metadata.main(
        folder / "images.csv",
        folder / "metadata.csv",
        folder / "rejected.csv",
        folder / "data.json",
        params,
    )


class Case:
    """A folder with a dataset's table and the index of its images."""

    def __init__(self, folder: Path, write_params: WriteParams) -> None:
        self.folder = folder
        self.write_params = write_params
        self.images = index_rows([f"ISIC_{n}" for n in range(10)])

    def prepare(self, *lines: str, header: str = HEADER, allowed: float = 0.2) -> None:
        (self.folder / "HAM10000_metadata.csv").write_text("\n".join([header, *lines]) + "\n")
        write_index(self.folder / "images.csv", self.images)
        section = dataset_section(self.folder, "ham10000", max_rejected_fraction=allowed)
        params = self.write_params(dataset=section)
        prepare(self.folder, params)

    @property
    def metadata(self) -> pd.DataFrame:
        return read_metadata(self.folder / "metadata.csv")

    @property
    def rejected(self) -> list[dict[Any, Any]]:
        table = self.unused
        return table[table.kind != "unlisted"].astype({"line": int}).to_dict("records")

    @property
    def unused(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "rejected.csv", dtype=str, keep_default_na=False)

    @property
    def metrics(self) -> dict[str, Any]:
        return json.loads((self.folder / "data.json").read_text())


def write_folders(root: Path, *files: str, write_params: WriteParams, **changes: Any) -> Path:
    """Write the index of some files, and parameters that read their folders as diagnoses."""
    rows = [
        row | {"file": file} for row, file in zip(index_rows([str(n) for n in range(len(files))]), files, strict=True)
    ]
    write_index(root / "images.csv", rows)
    return write_params(dataset=dataset_section(root, "image_folder", **changes))
