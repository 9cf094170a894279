"""`dataset.root` is none of the folders that a run writes."""

import re
from pathlib import Path

import pytest

from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.parameters.section import read_section
from tests.builders import WriteParams, dataset_section


@pytest.mark.parametrize(
    ("root", "names", "message"),
    [
        ("data", ["ham10000"], "dataset.root contains data/calibrations, which the run writes, got 'data'; keep the"),
        ("data", ["ham10000", "isic2019"], "dataset.root contains data/calibrations"),
        ("./data/", ["image_folder"], "dataset.root contains data/calibrations"),
        (".", ["image_folder"], "dataset.root contains data/calibrations"),
        ("data/pictures", ["image_folder"], "dataset.root is data/pictures"),
        ("metrics", ["image_folder"], "dataset.root is metrics"),
        ("plots/split", ["image_folder"], "dataset.root lies in plots"),
        (str(Path("data").absolute()), ["ham10000"], "dataset.root contains data/calibrations"),
        ("data/raw", ["image_folder"], "dataset.root is data/raw; data/raw/synthetic is the folder of synthetic"),
        ("data/raw/synthetic", ["image_folder"], "are image_folder, but dataset.root is data/raw/synthetic; "),
        (str(Path("data/raw/synthetic").absolute()), ["ham10000"], "is the folder of synthetic and of no other"),
        ("data/raw/synthetic", ["ham10000", "isic2019"], "is the folder of synthetic and of no other dataset"),
    ],
)
def test_a_folder_that_the_run_writes_is_refused(
    write_params: WriteParams, root: str, names: list[str], message: str
) -> None:
    params = write_params(dataset=dataset_section(root, *names))
    with pytest.raises(InputError, match=re.escape(message)):
        read_section(params, "dataset", DatasetParameters)


@pytest.mark.parametrize(
    ("root", "names"),
    [
        ("data/raw/synthetic", ["synthetic"]),
        ("data/raw/mine", ["image_folder"]),
        ("data/mine", ["image_folder"]),
        ("data/raw", ["ham10000", "isic2019"]),
        ("data/raw", ["ham10000", "synthetic"]),
        ("/somewhere/else", ["ham10000"]),
    ],
)
def test_any_other_folder_is_accepted(write_params: WriteParams, root: str, names: list[str]) -> None:
    params = write_params(dataset=dataset_section(root, *names))
    assert read_section(params, "dataset", DatasetParameters).root == root
