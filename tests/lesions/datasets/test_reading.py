"""Tests that every row and every file of any table is counted in and out."""

import csv
import io
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.reading import read_dataset
from lesions.errors import InputError
from lesions.tables.index import build_index
from tests.builders import dataset_section

FILES = [f"{name}.jpg" for name in ("a", "b", "c", "NA", "n.1", "ä")]
IMAGES = build_index({"file": file, "row": row} for row, file in enumerate(FILES))
COLUMNS = {"image_id": "photo", "patient_id": "who", "lesion_id": "spot", "diagnosis": "finding", "age_years": "age"}

name = st.sampled_from([*FILES, "A.JPG", "a", "x.jpg", "", " b ", "a\u0308", "up/c.jpg", "NA"])
who = st.sampled_from(["P1", "p1", "P1 ", "17", "17.0", "017", "N/A", "", "\u200bP1", "P\r1", "1e1", "10", '5"'])
finding = st.sampled_from(["nevus", "Melanoma", "unknown", "wart", "", "ne\nvus", "nevus, dark"])
rows = st.lists(st.tuples(name, who, who, finding, st.sampled_from(["50", "63,5", "", "x", "999"])), max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> tuple[bytes, int]:
    """Return a table as a spreadsheet may write it, and its number of rows that are not empty."""
    separator, cells = draw(st.sampled_from(",;\t")), draw(rows)
    order = draw(st.permutations(range(5)))
    names = [draw(one) for one in (st.sampled_from(["photo", " Photo"]), st.sampled_from(["who", "Who "]))]
    names += ["spot", draw(st.sampled_from(["finding", "FINDING\u00a0"])), "age"]
    buffer = io.StringIO()
    buffer.write(draw(st.sampled_from(["", f"sep={separator}\n", "Export of 2020\n\n", "\n"])))
    # Before Python 3.13, csv quotes a lone carriage return only where lines end in one.
    if draw(st.booleans()):
        writer = csv.writer(buffer, delimiter=separator, lineterminator="\n", quoting=csv.QUOTE_ALL)
    else:
        writer = csv.writer(buffer, delimiter=separator, lineterminator="\r\n")
    for one in (names, *cells):
        writer.writerow([one[at] for at in order])
        buffer.write(draw(st.sampled_from(["", "", "\n", separator * 4 + "\n"])))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    return buffer.getvalue().encode(encoding), sum(any(map(str.strip, one)) for one in cells)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables(), st.sampled_from(["ask", "join", "keep"]), st.booleans())
def test_every_row_and_every_file_is_counted(
    tmp_path: Path, table: tuple[bytes, int], similar: str, by_patient: bool
) -> None:
    content, num_rows = table
    (tmp_path / "findings.csv").write_bytes(content)
    section = dataset_section(tmp_path, "csv", table="findings.csv", columns=COLUMNS, lesions_by_patient=by_patient)
    parameters = DatasetParameters.model_validate(section | {"similar_identifiers": similar}, strict=False)
    try:
        reading = read_dataset(tmp_path, "csv", parameters, images=IMAGES)
    except InputError as error:
        assert num_rows == 0
        assert "the table has no rows" in str(error)
        return
    assert len(reading.rows.cells) == num_rows
    num_unused = sum(len(reading.select(kind)) for kind in ("refused", "left_out"))
    assert len(reading.table) + num_unused == num_rows
    named = set(reading.rows.cells.photo)
    assert len(reading.select("unlisted")) == sum(file.removesuffix(".jpg") not in named for file in FILES)
    lines = [*reading.table.get("line", []), *(row["line"] for row in reading.select("refused"))]
    assert set(lines) <= set(reading.rows.cells.index)
    if len(reading.table) and similar == "join":
        assert reading.table.patient_id.dropna().str.casefold().nunique() == reading.table.patient_id.nunique()
