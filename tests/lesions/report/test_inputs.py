"""What the report reads is checked, and what does not fit is named."""

from pathlib import Path
from typing import Any

import pytest

from lesions.errors import InputError
from lesions.evaluation.interval import Estimate
from lesions.evaluation.verdict import spell_estimate
from lesions.formats.json_file import write_json, write_metrics, write_plot_rows
from lesions.report.inputs import (
    CopyCounts,
    LowestSubgroup,
    RunCounts,
    SplitSummary,
    SubgroupRow,
    read_external,
)
from lesions.report.summary import read_rows, read_summary
from tests.runs import COPIES, COUNTS, SPLIT


@pytest.mark.parametrize(
    ("kind", "metrics"),
    [(RunCounts, COUNTS), (SplitSummary, SPLIT), (CopyCounts, COPIES)],
    ids=lambda kind: str(kind),
)
def test_each_key_that_is_used_must_be_there(
    tmp_path: Path, kind: type[RunCounts | SplitSummary | CopyCounts], metrics: dict[str, Any]
) -> None:
    file = tmp_path / "metrics.json"
    for key in (name for name, field in kind.model_fields.items() if field.is_required()):
        write_metrics(file, {name: value for name, value in metrics.items() if name != key})
        with pytest.raises(
            InputError, match=rf"metrics\.json: the key {key} is missing; run `dvc repro` to write it"
        ):
            read_summary(file, kind)
    write_metrics(file, metrics | {"num_of_something_else": 7})
    assert read_summary(file, kind) == kind(**metrics)


@pytest.mark.parametrize("value", [None, "3", 3.5, True, [3]])
def test_a_value_of_another_type_is_named(tmp_path: Path, value: object) -> None:
    file = tmp_path / "data.json"
    write_metrics(file, COUNTS | {"num_images": value})
    with pytest.raises(InputError, match=r"data\.json: the key num_images: input should be a valid integer.*, got "):
        read_summary(file, RunCounts)


def test_a_part_within_a_key_is_named(tmp_path: Path) -> None:
    file = tmp_path / "split.json"
    write_metrics(file, SPLIT | {"num_images": {"train": "many"}})
    with pytest.raises(InputError, match=r"split\.json: the key num_images\.train: .* got 'many'"):
        read_summary(file, SplitSummary)


def estimate(name: str, value: float = 0.5) -> dict[str, float]:
    return {name: value, f"{name}_low": value - 0.1, f"{name}_high": value + 0.1}


def test_scores_on_other_datasets_are_read_by_dataset(tmp_path: Path) -> None:
    file = tmp_path / "external.json"
    scores: dict[str, Any] = {"num_images": 9, "num_groups": 8, "num_classes": 2}
    for name in ("balanced_accuracy", "own_balanced_accuracy", "balanced_accuracy_lost"):
        scores |= estimate(name)
    write_metrics(file, {"pad_ufes_20": scores})
    assert read_external(file)["pad_ufes_20"].own_balanced_accuracy == Estimate(0.5, 0.4, 0.6)
    del scores["num_groups"]
    write_metrics(file, {"pad_ufes_20": scores})
    with pytest.raises(InputError, match=r"external\.json: pad_ufes_20: the key num_groups is missing"):
        read_external(file)


def test_rows_are_read_and_a_bad_one_is_named_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "subgroups.json"
    row = {"subgroup": "sex: male", "num_images": 3, "balanced_accuracy": 0.5, "low": 0.1, "high": 0.9}
    good = row | {"beyond_noise": False, "attribute": "sex"}
    write_plot_rows(file, [good])
    assert read_rows(file, SubgroupRow)[0].lead_over_others is None
    write_plot_rows(file, [good, row])
    with pytest.raises(InputError, match=r"subgroups\.json: row 2: the key beyond_noise is missing"):
        read_rows(file, SubgroupRow)


def test_a_file_that_is_no_section_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "subgroups.json"
    write_json(file, [1, 2])
    with pytest.raises(InputError, match=r"subgroups\.json: "):
        read_summary(file, LowestSubgroup)


def test_bounds_that_are_null_are_not_known(tmp_path: Path) -> None:
    file = tmp_path / "external.json"
    scores: dict[str, Any] = {"num_images": 9, "num_groups": 1, "num_classes": 2}
    for name in ("balanced_accuracy", "own_balanced_accuracy", "balanced_accuracy_lost"):
        scores |= estimate(name)
    write_metrics(file, {"one": scores | {"balanced_accuracy_low": None, "balanced_accuracy_high": None}})
    assert spell_estimate(read_external(file)["one"].balanced_accuracy) == "0.500 (95 % interval not known)"
    write_metrics(file, {"one": scores | {"balanced_accuracy_low": None}})
    with pytest.raises(InputError, match=r"the key balanced_accuracy_low: .* got None"):
        read_external(file)
