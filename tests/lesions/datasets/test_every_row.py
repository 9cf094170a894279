"""Whatever words a table has, each of its rows is counted once, and no word that `words` defines is lost."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lesions.datasets.columns import fold_word
from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.reading import Reading, read_dataset
from lesions.tables.index import build_index
from tests.builders import dataset_section

CELLS = st.sampled_from(
    ["", " ", "0", "1", "09", "?", "N/A", "n/a", "nevus", "NEVUS ", "Nävus", "Na\u0308vus", "wart"]
)
DIAGNOSES = st.sampled_from(["melanoma", "nevus", "viral_wart", "unknown"])
FIELDS = {"image_id": "photo", "patient_id": "who", "lesion_id": "spot", "diagnosis": "finding", "site": "where"}
FLAGS = st.sampled_from(["0", "1", "0.0", "1.0", "", "x"])

WORDS = st.fixed_dictionaries(
    {},
    optional={
        "diagnosis": st.dictionaries(CELLS.filter(str.strip), DIAGNOSES, max_size=4),
        "site": st.dictionaries(CELLS.filter(str.strip), st.sampled_from(["back", "arm"]), max_size=3),
    },
)
LISTED = st.lists(CELLS, max_size=4)
MISSING = LISTED | st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, LISTED))


def read(rows: list[list[str]], header: list[str], **changes: Any) -> Reading:
    """Read a table about ten images."""
    with TemporaryDirectory() as name:
        (Path(name) / "t.csv").write_text("\n".join(",".join(row) for row in [header, *rows]) + "\n")
        section = dataset_section(name, "csv", table="t.csv", **changes)
        images = build_index({"file": f"{n}.jpg", "row": n} for n in range(10))
        return read_dataset(Path(name), "csv", DatasetParameters.model_validate(_freeze(section)), images=images)


def _freeze(value: Any) -> Any:
    """Return lists as tuples, for strict sections read a list only from a file."""
    if isinstance(value, dict):
        return {key: _freeze(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


def check_each_row_is_counted_once(reading: Reading) -> None:
    not_used = [row["line"] for row in reading.unused if row["kind"] in ("refused", "left_out")]
    used = [] if reading.table.empty else reading.table.line.tolist()
    assert sorted(used + not_used) == sorted(reading.rows.cells.index)
    unlisted = {row["image_id"] for row in reading.unused if row["kind"] == "unlisted"}
    assert unlisted == {str(n) for n in range(10)} - set(reading.rows.cells.photo)


def contradict(words: dict[str, dict[str, str]], missing: Any) -> bool:
    """Return whether a word is both translated and missing, which the parameters refuse."""
    return isinstance(missing, dict) and any(
        {*map(fold_word, missing.get(field, ()))} & {*map(fold_word, table)} for field, table in words.items()
    )


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=12), WORDS, MISSING)
def test_each_row_of_words_is_counted_once(
    rows: list[tuple[int, str, str, str, str]], words: dict[str, dict[str, str]], missing: Any
) -> None:
    if contradict(words, missing):
        return
    header = list(FIELDS.values())
    reading = read([[str(n), *cells] for n, *cells in rows], header, columns=FIELDS, words=words, missing=missing)
    check_each_row_is_counted_once(reading)
    refused = {row["line"]: row["column"] for row in reading.unused if row["kind"] == "refused"}
    left_out = {row["line"] for row in reading.unused if row["reason"] == "no diagnosis is known"}
    found = {} if reading.table.empty else reading.table.set_index("line")[["diagnosis", "site"]].to_dict("index")
    for line, cells in zip(reading.rows.cells.index, reading.rows.cells.to_dict("records"), strict=True):
        for field, table in words.items():
            value = table.get(cells[FIELDS[field]].strip())
            if value is not None and line in found:
                assert found[line][field] == value
        said = words.get("diagnosis", {}).get(cells["finding"].strip())
        assert refused.get(line) != "finding" or said is None
        assert line not in left_out or said in (None, "unknown")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), FLAGS, FLAGS, FLAGS), min_size=1, max_size=12))
def test_each_row_of_a_one_hot_table_is_counted_once(rows: list[tuple[int, str, str, str]]) -> None:
    columns = {"image_id": "photo", "diagnosis": {"A": "melanoma", "B": "nevus", "C": "viral_wart"}}
    reading = read([[str(n), *flags] for n, *flags in rows], ["photo", "A", "B", "C"], columns=columns)
    check_each_row_is_counted_once(reading)
    kinds = {row["line"]: row["kind"] for row in reading.unused}
    for line, (_, *flags) in zip(reading.rows.cells.index, rows, strict=True):
        ones = sum(flag in ("1", "1.0") for flag in flags)
        if line not in kinds:
            assert ones == 1
        assert ones <= 1 or kinds[line] == "refused"
