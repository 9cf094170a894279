"""`lesions check` finds what would fail, and says what a run needs, before anything runs."""

import os
import re
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from lesions.errors import InputError
from lesions.hardware.processors import count_processors, describe_crowding
from lesions.parameters.overlay import lay_over
from lesions.preflight.check import check_decoding_disk, check_run, count_present
from lesions.preflight.datasets import check_datasets
from lesions.preflight.findings import Findings
from tests.presets import write_presets


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's parameters, with the tiny preset, in a folder without data."""
    monkeypatch.chdir(tmp_path)
    return write_presets(tmp_path, "tiny")


def test_valid_parameters_pass_before_the_embedded_data_exist(params: Path) -> None:
    found = check_run(params).rows
    assert found["models"] == "custom_cnn, resnet18"
    assert found["images"] == "150"
    assert found["test images"] == "not sealed (split.seal)"
    # ResNet-18's 44.75 MB of weights, 3.15 MB of drawings, 150 · 37² · 3 bytes of images, 0.5 MB of files and rows,
    # twice; and two states of the weights, the best ones, and two moments.
    assert found["disk"] == "98 MB, half of it DVC's copies; 358 MB more during a training"


def test_a_pretrained_backbone_takes_disk_as_well(params: Path) -> None:
    lay_over(params, {"architectures": {"resnet18": {"weights": "pretrained"}}})
    # The 98.1 MB of a run without one, and its 44.75 MB twice.
    assert check_run(params).rows["disk"] == "188 MB, half of it DVC's copies; 358 MB more during a training"


MILLION = {"generate_synthetic": {"num_images": 1_000_000}, "cache_images": {"size_px": 1000}}


def test_shards_leave_an_index_and_the_local_copy_on_this_disk(params: Path, tmp_path: Path) -> None:
    address = str(tmp_path / "store")
    lay_over(params, MILLION | {"shards": {"address": address, "local_gb": 0.5}})
    found = check_run(params).rows
    assert found["shards"] == f"3,000,000 MB in {address}"
    assert found["disk of shards"] == "up to 500 MB in .resume/shards, of images that were read"
    assert "pages of the image cache" not in found["memory of find_near_duplicates"]


def test_a_local_copy_that_needs_too_much_disk_is_refused(params: Path, tmp_path: Path) -> None:
    lay_over(params, MILLION | {"shards": {"address": str(tmp_path / "store"), "local_gb": 1e6}})
    with pytest.raises(
        InputError,
        match=r"the local copy of images in shards takes 3000\.0 GB in .* GB are free; lower shards.local_gb",
    ):
        check_run(params).raise_problems()


def test_several_processes_are_said_with_the_memory_of_each(params: Path) -> None:
    number = count_processors() + 1
    lay_over(params, {"hardware": {"device": "cpu", "num_processes": number}, "models": ["custom_cnn"]})
    findings = check_run(params)
    assert findings.rows["training on"].endswith(f", in {number} processes")
    assert f"memory of train custom_cnn, each of {number} processes" in findings.rows
    assert describe_crowding(number, 1) in findings.doubts


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"models": []}, "models: expected a list of names, got []"),
        ({"models": "resnet18"}, "models: expected a list of names, got 'resnet18'"),
        ({"models": ["resnet18", "resnet18"]}, "models: resnet18 is listed twice"),
        ({"models": ["../resnet18"]}, "models: expected a list of names, got ['../resnet18']"),
        ({"models": ["resnet18", "vgg"]}, "models names 'vgg', but there is no section architectures.vgg"),
        ({"training": {"seed": -1}}, "training.seed: expected a number >= 0, got -1"),
        ({"training": {"batch_size": 2.5}}, "training.batch_size: expected a whole number, got 2.5"),
        (
            {"training": {"monitor": "accuracy"}},
            "training.monitor: expected 'loss', 'balanced_accuracy', 'macro_recall' or 'macro_f1'",
        ),
        ({"evaluation": {"num_views": 4}}, "evaluation.num_views: expected 1 or 8, got 4"),
        (
            {"sampling": {"scheme": "random"}},
            "sampling.scheme: expected 'shuffled', 'class_balanced' or '",
        ),
        (
            {"tracking": {"kind": "mlflow", "uri": "mlruns"}},
            "tracking.uri: expected http://…, https://… or sqlite:///",
        ),
        ({"loss": {"focal_gamma": 2.0}}, "loss: focal_gamma belongs to the kind focal; got kind cross_entropy"),
        ({"optimizer": {"momentum": 0.9}}, "optimizer: momentum belongs to the name sgd; got name adamw"),
        ({"schedule": {"name": "step"}}, "schedule: warmup_fraction belongs to the names cosine and one_cycle; got"),
        (
            {"loss": {"logit_adjustment": 1.0}, "sampling": {"scheme": "class_balanced"}},
            "loss.logit_adjustment is 1, but sampling.scheme class_balanced shows all diagnoses equally often",
        ),
        ({"augmentation": {"zoom": 1}}, "augmentation.zoom: expected a number < 1"),
        ({"cache_images": {"fit": "stretch"}}, "cache_images.fit: expected 'crop', 'squash' or 'pad', got 'stretch'"),
        (
            {"dataset": {"names": ["isic"]}},
            "dataset: names: expected one of csv, image_folder, bcn20000, ddi, derm7pt, ",
        ),
        ({"models": ["history"]}, "models: history is the name of a folder of the pipeline; choose another"),
        ({"models": ["resnet18_features"]}, "models: resnet18_features is the name of a baseline or a probe; choose"),
        (
            {"split": {"test_list": "none.csv", "test_list_sha256": "0" * 64}},
            "none.csv: No such file or directory",
        ),
        (
            {"class_weights": {"scheme": "none"}, "loss": {"class_weights": False}},
            "loss.class_weights is false for custom_cnn, but class_weights.scheme is none anyway; set it to true",
        ),
        (
            {"augmentation": {"mirror": True}},
            "augmentation.mirror: expected 'none', 'horizontal', 'vertical' or 'both', got True",
        ),
        (
            {"augmentation": {"crop_area": [0.5, 1]}},
            "augmentation: crop_area and crop_aspect belong together; got cr",
        ),
        (
            {"augmentation": {"crop_area": 0.5, "crop_aspect": [1, 1]}},
            "augmentation.crop_area: expected a list, got 0.5",
        ),
        ({"augmentation": {"crop_area": [1, 1]}}, "augmentation.crop_area.0: expected a number < 1, got 1"),
        ({"compare": {"metric": "loss"}}, "compare.metric: expected 'accuracy', 'balanced_accuracy',"),
        (
            {"hardware": {"device": "cpu", "num_processes": 2, "execution": "graph"}},
            "hardware.execution is graph, and hardware.num_processes 2: a step in which processes exchange gradients",
        ),
        (
            {"hardware": {"num_processes": 40, "device": "cpu"}},
            "hardware.num_processes is 40, and a batch has 32 images, of which each process takes at least 2: set "
            "training.batch_size to 80 or more",
        ),
        (
            {"hardware": {"synchronise_batch_norm": False}},
            "hardware: synchronise_batch_norm false belongs to a num_processes above 1; got num_processes 1",
        ),
        ({"gate": {"macro_f1": {"floor": "low"}}}, "gate.macro_f1.floor: expected a number, got 'low'"),
        ({"dataset": {"names": ["ham10000"], "root": "nowhere"}}, "dataset.root: there is no folder nowhere"),
        (
            {"dataset": {"root": "nowhere"}},
            "dataset.names and dataset.external are synthetic, but dataset.root is nowhere; ",
        ),
        (
            {"dataset": {"names": ["ham10000"]}},
            "dataset.names and dataset.external are ham10000, but dataset.root is data/raw/synthetic; ",
        ),
        ({"generate_synthetic": {"num_images": 10}}, "generate_synthetic.num_images: "),
        (
            {"architectures": {"resnet34": {"learning_rate": "fast"}}},
            "architectures.resnet34.learning_rate: expected a",
        ),
        (
            {"cache_images": {"size_px": 31}},
            "architectures.custom_cnn.size_px is 32, but the cached images have 31 px",
        ),
        (
            {"architectures": {"resnet18": {"weights": "none.pth", "weights_sha256": "0" * 64}}},
            "none.pth: No such file or directory",
        ),
    ],
)
def test_a_parameter_that_would_make_the_run_fail_is_named(
    params: Path, overlay: dict[str, Any], message: str
) -> None:
    lay_over(params, overlay)
    with pytest.raises(InputError, match=re.escape(message)):
        check_run(params).raise_problems()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "  patience_epochs:",
            "  patience:",
            "training.patience_epochs: is missing; training.patience: there is no such",
        ),
        ("augmentation:", "augmentations:", "augmentations: there is no such section"),
    ],
)
def test_a_misspelt_parameter_is_named(params: Path, old: str, new: str, message: str) -> None:
    params.write_text(params.read_text().replace(old, new))
    with pytest.raises(InputError, match=re.escape(message)):
        check_run(params).raise_problems()


def test_a_folder_without_the_datasets_table_is_named(params: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.jpg").touch()
    lay_over(params, {"dataset": {"names": ["ham10000"], "root": "images"}})
    with pytest.raises(InputError, match=r"dataset.root: images has no HAM10000_metadata.csv, which ham10000 has"):
        check_run(params).raise_problems()


def test_a_table_that_cannot_be_read_is_named(params: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.jpg").touch()
    (tmp_path / "images/HAM10000_metadata.csv").write_text("image_id;dx\na;mel\n")
    lay_over(params, {"dataset": {"names": ["ham10000"], "root": "images"}})
    with pytest.raises(InputError, match=r"_metadata.csv: the column lesion_id is missing; found image_id, dx"):
        check_run(params).raise_problems()


JPEG = b"\xff\xd8\xff"
"""The first bytes of a JPEG, which are all that is read before a run."""


def write_clinic(folder: Path, rows: list[str], *, files: int, **changes: Any) -> dict[str, Any]:
    """Write a table and files that begin as images, and return the parameters that read them."""
    folder.mkdir()
    for number in range(files):
        (folder / f"{number}.jpg").write_bytes(JPEG + bytes([number]))
    (folder / "findings.csv").write_text("\n".join(["photo,who,finding", *rows]) + "\n")
    columns = {"image_id": "photo", "patient_id": "who", "diagnosis": "finding"}
    section = {"names": ["csv"], "root": "clinic", "table": "findings.csv", "columns": columns}
    return {"dataset": section | changes}


ROWS = [f"{n}.jpg,P{n},{'Melanoma' if n < 3 else 'nevus'}" for n in range(8)]


def test_tables_and_hdf5_files_count_as_memory(params: Path, tmp_path: Path) -> None:
    clinic = tmp_path / "clinic"
    lay_over(params, write_clinic(clinic, ROWS, files=8))
    in_files = check_datasets(params, Findings())
    with h5py.File(clinic / "images.hdf5", "w") as packed:
        for path in clinic.glob("*.jpg"):
            packed[path.stem] = np.void(path.read_bytes())
            path.unlink()
    in_hdf5 = check_datasets(params, Findings())
    assert in_files
    assert in_hdf5
    assert (in_files.is_in_hdf5, in_hdf5.is_in_hdf5) == (False, True)
    assert in_files.table_bytes == in_hdf5.table_bytes == (clinic / "findings.csv").stat().st_size
    memory = check_run(params).rows
    # 60 MiB of h5py beside 105 MiB; eight rows take nothing.
    assert memory["memory of prepare_metadata"] == "110 MB"
    assert int(memory["memory of cache_images"].split()[0]) >= 173


def test_every_row_is_read_and_counted(params: Path, tmp_path: Path) -> None:
    rows = [*ROWS, "0.jpg,P0,Melanoma", "8.jpg,P8,wart", "9.jpg,P9,unknown", "77.jpg,P9,nevus"]
    lay_over(params, write_clinic(tmp_path / "clinic", rows, files=11, max_rejected_fraction=0.2))
    found = check_run(params).rows
    assert found["images"] == "11"
    assert found["csv: rows"] == "12: 8 valid, 2 refused, 2 left out; 1 image files that no row names"
    assert found["csv: used"] == "8 images: nevus 5, melanoma 3"
    wart, _, *pasted, missing = found["csv: refused"].splitlines()
    assert wart.startswith("1 × finding: unknown are 'wart' (1 rows); known are actinic_keratosis, ")
    assert [line.strip() for line in pasted] == ["dataset:", "words:", "diagnosis:", '"wart": FILL_IN  # 1 rows']
    assert missing == "1 × photo: has no image file (first: line 13, value '77')"
    assert found["csv: no image is left of"] == "'wart' (1 rows)"
    assert "1 × finding: no diagnosis is known (first: line 12, value 'unknown')" in found["csv: left out"]
    assert len(found["csv: left out"].splitlines()) == 2
    assert not (tmp_path / "data").exists()


def test_what_was_guessed_in_a_table_is_said(params: Path, tmp_path: Path) -> None:
    lay_over(params, write_clinic(tmp_path / "clinic", [*ROWS, ",,"], files=8))
    table = tmp_path / "clinic/findings.csv"
    table.write_text("sep=,\n" + table.read_text().replace("who", "Who").replace("P7", "N/A"))
    assert check_run(params).rows["csv: notes"].splitlines() == [
        "findings.csv: columns that are read under another spelling: 'Who' as who",
        "findings.csv: empty rows that are passed over: 1",
        "who: rows with a word for 'not known': 1",
    ]


@pytest.mark.parametrize("name", ["8.jpg", "notes.txt", ".hidden"])
def test_what_dvc_cannot_hash_is_named(params: Path, tmp_path: Path, name: str) -> None:
    lay_over(params, write_clinic(tmp_path / "clinic", ROWS, files=8))
    (tmp_path / "clinic" / name).symlink_to("nowhere")
    os.mkfifo(tmp_path / "clinic/pipe.jpg")
    message = f"cannot hash {name} (a link to a file that is not there), nor 1 others; remove it"
    with pytest.raises(InputError, match=re.escape(f"dataset.root: DVC hashes everything in clinic, and {message}")):
        check_run(params).raise_problems()


def test_linked_folders_and_files_that_are_passed_over_are_told(params: Path, tmp_path: Path) -> None:
    lay_over(params, write_clinic(tmp_path / "clinic", ROWS, files=7))
    (tmp_path / "elsewhere").mkdir()
    for name in ("7.jpg", "7_mask.png", "0.jpg"):
        (tmp_path / "elsewhere" / name).write_bytes(JPEG + bytes([0]))
    (tmp_path / "clinic/linked").symlink_to(tmp_path / "elsewhere")
    found = check_run(params).rows
    assert found["csv: rows"] == "8: 8 valid, 0 refused, 0 left out; 0 image files that no row names, 2 passed over"
    assert found["links"].startswith("linked: a link to a folder, which is followed; DVC does not see")
    assert found["csv: passed over"].splitlines() == [
        "1 × has the name and the bytes of another file (first: linked/0.jpg)",
        "1 × has another image's name with a word for masks or thumbnails (first: linked/7_mask.png)",
    ]


@pytest.mark.parametrize(
    ("rows", "dataset", "overlay", "message"),
    [
        (
            [*ROWS, "8.jpg,P8,wart"],
            {"max_rejected_fraction": 0.1},
            {},
            "clinic/findings.csv: 1 of 9 rows refused, dataset.max_rejected_fraction is 0.1:\n  1 × finding: unknown",
        ),
        (
            ROWS,
            {"columns": {"image_id": "photo", "patient_id": "patient", "diagnosis": "finding"}},
            {},
            "findings.csv: the column patient (dataset.columns.patient_id) is missing; found photo, who, finding",
        ),
        (
            ROWS,
            {"columns": {"image_id": "file", "diagnosis": "finding"}},
            {},
            "findings.csv: the column file (dataset.columns.image_id) is missing; found photo, who, finding",
        ),
        (
            [*ROWS, "8.jpg,p7,nevus"],
            {},
            {},
            "findings.csv: identifiers that may be the same one in several spellings:\n  1 × who (patient_id):\n",
        ),
        ([*ROWS, '8.jpg,P8,"nevus'], {}, {}, "findings.csv, line 10: the quote that opens here is never closed"),
        (ROWS, {"table": "found.csv"}, {}, "dataset.table: there is no file clinic/found.csv"),
        (ROWS, {"words": {"diagnosis": {"a": "B"}}}, {}, "dataset.words.diagnosis: 'a' becomes 'B', expected a name"),
        (
            ROWS,
            {"words": {"diagnosis": {"nevus": "nevis"}}},
            {},
            "task: the data have nevis; say in task.malignant, ",
        ),
        (
            ROWS,
            {"diagnoses": ["melanoma", "dermatofibroma"]},
            {},
            "dataset.diagnoses: no image of csv has the diagnosis dermatofibroma",
        ),
        (
            ROWS,
            {},
            {"split": {"test_list": "published"}},
            "split.test_list is published, but no image is in a folder Test/, which image_folder can have, or in a "
            "published test set, which derm7pt has",
        ),
        (
            [row.replace("P2", "P1") for row in ROWS],
            {},
            {},
            "clinic: fewer than 3 groups (all images of one patient, lesion or picture), one for each split or "
            "fold, have the diagnosis melanoma (2)",
        ),
        (
            ROWS,
            {},
            {"task": {"name": "two", "groupings": {"two": {"a": ["melanoma"], "b": ["benign"]}}}},
            "task: groupings.two has no class for nevus, which the data have",
        ),
    ],
)
def test_data_that_would_stop_the_run_are_named(
    params: Path, tmp_path: Path, rows: list[str], dataset: dict[str, Any], overlay: dict[str, Any], message: str
) -> None:
    lay_over(params, write_clinic(tmp_path / "clinic", rows, files=9, **dataset))
    lay_over(params, overlay)
    with pytest.raises(InputError, match=re.escape(message)):
        check_run(params).raise_problems()


def test_the_embedded_dataset_has_no_published_test_images(params: Path) -> None:
    lay_over(params, {"split": {"test_list": "published"}})
    with pytest.raises(InputError, match=r"split.test_list is published, but synthetic has no folders Test/"):
        check_run(params).raise_problems()


def test_a_run_that_needs_too_much_disk_is_refused_unless_its_files_exist(params: Path) -> None:
    lay_over(params, MILLION)
    with pytest.raises(
        InputError, match=r"has yet to write takes 60\d\d\.\d GB in .*, where .* GB are free; make room"
    ):
        check_run(params).raise_problems()
    data = params.parent / "data"
    data.mkdir()
    with (data / "images.npy").open("wb") as file:
        file.truncate(3_100_000_000_000)
    assert check_run(params).rows["images"] == "1,000,000"


def test_the_copy_of_a_file_that_is_written_anew_makes_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path, size in (("data/images.npy", 1000), ("data/checkpoints/a.safetensors", 10)):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(bytes(size))
    assert count_present(["a", "b"], []) == 2020
    assert count_present(["a", "b"], ["cache_images", "train@b"]) == 1020
    assert count_present(["a", "b"], ["train@a"]) == 2010


def test_all_problems_are_found_at_once(params: Path, tmp_path: Path) -> None:
    """A broken section, unknown words and weights that are not there, in the order of the checks."""
    lay_over(params, write_clinic(tmp_path / "clinic", [*ROWS, "8.jpg,P8,wart"], files=9))
    lay_over(
        params,
        {
            "evaluation": {"num_views": 4},
            "architectures": {"resnet18": {"weights": "none.pth", "weights_sha256": "0" * 64}},
        },
    )
    findings = check_run(params)
    views, table, weights = findings.problems
    assert "evaluation.num_views: expected 1 or 8, got 4" in views
    assert "1 of 9 rows refused" in table
    assert "none.pth: No such file or directory" in weights
    assert findings.rows["disk and memory"] == "not estimated before the problems are solved"
    with pytest.raises(
        InputError, match=r"^3 problems would stop the run:\n1\. .*views(.|\n)*\n2\. (.|\n)*\n3\. none"
    ):
        findings.raise_problems()


@pytest.mark.parametrize(
    ("patients", "doubt"),
    [
        ("P{n}", None),
        (
            "",
            "csv: neither patients nor lesions are known: images of one patient may be on two sides of the",
        ),
        ("{half}", "csv: 4 of 8 images have no patient: images of one patient may be on two sides of the split"),
    ],
)
def test_unknown_patients_are_the_first_doubt(params: Path, tmp_path: Path, patients: str, doubt: str | None) -> None:
    rows = [
        f"{n}.jpg,{patients.format(n=n, half=f'P{n}' if n % 2 else '')},{'melanoma' if n < 4 else 'nevus'}"
        for n in range(8)
    ]
    lay_over(params, write_clinic(tmp_path / "clinic", rows, files=8))
    findings = check_run(params)
    assert [said[: len(doubt or "")] for said in findings.doubts] == ([] if doubt is None else [doubt])
    assert findings.problems == []


@pytest.mark.parametrize(
    ("content", "key", "row", "counted"),
    [
        ("image\n0\n6\n", "test_list", "test images", "2 of 12, by split.test_list"),
        (
            *("image_id,split\n0,train\n6,test\ngone,val\n", "keep", "earlier split"),
            "2 of 12 images are among the 3 of split.keep",
        ),
    ],
    ids=["test list", "earlier split"],
)
def test_the_images_of_a_list_are_counted(
    params: Path, tmp_path: Path, content: str, key: str, row: str, counted: str
) -> None:
    clinic = write_clinic(
        tmp_path / "clinic", [f"{n}.jpg,P{n},{'melanoma' if n < 6 else 'nevus'}" for n in range(12)], files=12
    )
    (tmp_path / "list.csv").write_text(content)
    digest = sha256((tmp_path / "list.csv").read_bytes()).hexdigest()
    lay_over(params, clinic | {"split": {key: "list.csv", f"{key}_sha256": digest}})
    assert check_run(params).rows[row] == counted


@pytest.mark.parametrize("name", [".resume", "metrics", "data/checkpoints"])
def test_a_file_in_place_of_a_folder_that_is_written_is_named(params: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=rf"{name}: is a file, and .* is to be written below it; move it away"):
        check_run(params).raise_problems()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"hello", "not an image"),
        (b"GIF89a", "GIF, which is not read"),
    ],
)
def test_files_that_cannot_be_images_are_refused_before_the_run(
    params: Path, tmp_path: Path, content: bytes, reason: str
) -> None:
    lay_over(params, write_clinic(tmp_path / "clinic", ROWS, files=8, max_rejected_fraction=0.2))
    (tmp_path / "clinic/7.jpg").write_bytes(content)
    assert check_run(params).rows["csv: refused"].startswith(f"1 × file: {reason}")


@pytest.mark.parametrize(
    "rows", [["77.jpg,P1,nevus"], ["0.jpg,P1,Naevus", "1.jpg,P1,Melanom"], ["0.jpg,P1,", "1.jpg,P2,unknown"]]
)
def test_a_table_without_a_valid_row_is_said_to_be_one(params: Path, tmp_path: Path, rows: list[str]) -> None:
    lay_over(params, write_clinic(tmp_path / "clinic", rows, files=2))
    with pytest.raises(InputError, match=r"rows refused, dataset.max_rejected_fraction is|no row can be used"):
        check_run(params).raise_problems()


def test_images_in_folders_of_test_images_are_said_to_be_split_anew(params: Path, tmp_path: Path) -> None:
    for number, (split, diagnosis) in enumerate(product(("Train", "Test"), ("nevus", "melanoma"))):
        folder = tmp_path / "clinic" / split / diagnosis
        folder.mkdir(parents=True)
        for part in range(3):
            (folder / f"{number}{part}.jpg").write_bytes(JPEG + bytes([number, part]))
    lay_over(params, {"dataset": {"names": ["image_folder"], "root": "clinic"}})
    found = check_run(params).rows["test images"]
    assert found.startswith("6 of 12 images are test images as published, and are split anew with the others; ")


def test_a_diagnosis_on_no_list_is_named_beside_refused_rows(params: Path, tmp_path: Path) -> None:
    rows = [*ROWS, "8.jpg,P8,psoriasis", "77.jpg,P9,nevus"]
    words = {"diagnosis": {"psoriasis": "psoriasis"}}
    lay_over(params, write_clinic(tmp_path / "clinic", rows, files=9, words=words, max_rejected_fraction=0))
    sides, refused = check_run(params).problems
    assert sides.startswith("task: the data have psoriasis; say in task.malignant, task.benign or task.neither")
    assert "1 of 10 rows refused" in refused


def test_a_diagnosis_that_is_not_used_needs_no_side(params: Path, tmp_path: Path) -> None:
    rows = [*ROWS, "8.jpg,P8,psoriasis"]
    words = {"diagnosis": {"psoriasis": "psoriasis"}}
    used = ["melanoma", "nevus"]
    lay_over(params, write_clinic(tmp_path / "clinic", rows, files=9, words=words, diagnoses=used))
    assert check_run(params).problems == []


def test_a_folder_of_formats_that_are_not_read_is_named(params: Path, tmp_path: Path) -> None:
    (tmp_path / "clinic/nevus").mkdir(parents=True)
    (tmp_path / "clinic/nevus/1.gif").write_bytes(b"x")
    lay_over(params, {"dataset": {"names": ["image_folder"], "root": "clinic"}})
    with pytest.raises(InputError, match="1 × file: GIF, which is not read; save it as JPEG or PNG"):
        check_run(params).raise_problems()


def test_decoding_on_another_disk_takes_room_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LESIONS_RESUME_DIR", str(tmp_path / "not there yet"))
    assert check_decoding_disk(5_000_000) == ""
    other = Path("/dev/shm")  # noqa: S108
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second disk")
    monkeypatch.setenv("LESIONS_RESUME_DIR", str(other / "lesions"))
    assert check_decoding_disk(5_000_000) == ("5 MB more in /dev/shm/lesions, on another disk, until all are decoded")
    with pytest.raises(InputError, match=r"^the decoding of all images, .* takes 1000000.0 GB in /dev/shm, where "):
        check_decoding_disk(10**15)
