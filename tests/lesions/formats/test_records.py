"""Tests that no row of a table is lost inside a quote, and that lines are those of the file."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lesions.errors import InputError
from lesions.tables.csv_table import read_text_table

NUM_ROWS = 12
HEADER = "photo,patient,finding,age,notes"
ROWS = [f"{n:03d}.jpg,{n // 2:02d},{'nevus' if n % 3 else 'melanoma'},{30 + n},seen" for n in range(NUM_ROWS)]

any_file = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_lines(folder: Path, text: str, key: str = "photo") -> list[int]:
    """Return the lines on which the rows begin."""
    (folder / "a.csv").write_bytes(text.encode())
    return list(read_text_table(folder / "a.csv", [key], optional=["patient", "finding"]).cells.index)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({3: ("seen", '"seen twice'), 8: ("seen", '5"')}, "line 5: … closes on line 10, and"),
        ({3: ("seen", '"seen'), 4: ("seen", 'seen"')}, "line 5: … closes on line 6, and line 6"),
        ({4: ("nevus", '"nevus'), 5: ("nevus", 'nevus"')}, "like a row of its own: '005.jpg,02,nevus"),
        ({3: ("melanoma", '"melanoma'), 4: ("seen", 'seen"')}, "line 5: … closes on line 6"),
        ({3: ("003", '"003'), 4: ("004.jpg", '004.jpg"')}, "line 5: … closes on line 6"),
        ({3: ("seen", '"seen'), 4: ("nevus,34,seen", 'nevus",,')}, "line 5: … closes on line 6"),
        ({3: ("seen", '"seen'), 4: ("004.jpg,02,nevus,34,seen", 'b (4),02,nevus,34,seen"')}, "line 5: … closes on"),
        ({3: ("seen", '"seen twice')}, "line 5: … is never closed; close the quote"),
        ({3: ("seen", '"one\ntwo"'), 9: ("seen", '"seen')}, "line 12: … is never closed"),
    ],
)
def test_rows_that_a_quote_swallowed_are_named(
    tmp_path: Path, changes: dict[int, tuple[str, str]], message: str
) -> None:
    rows = list(ROWS)
    for at, (old, new) in changes.items():
        rows[at] = rows[at].replace(old, new)
    with pytest.raises(InputError, match=re.escape(message.replace("…", "the quote that opens here"))):
        read_lines(tmp_path, "\n".join([HEADER, *rows]))


@pytest.mark.parametrize(
    "note",
    [
        *['5"', '5" wide', 'a "b" c', '"a ""b"" c"', '"say ""so"""', '"quoted" and not', '"one\ntwo"', '"\n"'],
        *['"one, two, three\nfour, five, six"', '"a,b,c,d\ne, of nevus, with, many, commas"'],
        '"one\r\n\r\ntwo\rthree"',
    ],
)
def test_quotes_and_line_breaks_in_a_cell_lose_no_row(tmp_path: Path, note: str) -> None:
    rows = [*ROWS[:3], ROWS[3].replace("seen", note), *ROWS[4:]]
    lines = read_lines(tmp_path, "\n".join([HEADER, *rows]) + "\n")
    num_breaks = len(re.findall("\r\n|\n|\r", note))
    assert lines == [2, 3, 4, 5, *(n + num_breaks for n in range(6, NUM_ROWS + 2))]


TEXT = "\n".join(ROWS)
BOUNDARIES = [0, *(match.end() for match in re.finditer("[,\n]", TEXT)), len(TEXT)]


@any_file
@given(
    st.lists(st.sampled_from(BOUNDARIES) | st.integers(0, len(TEXT)), max_size=4), st.sampled_from(["photo", "notes"])
)
def test_no_row_is_lost_wherever_quotes_are_put(tmp_path: Path, places: list[int], key: str) -> None:
    text = TEXT
    for at in places:
        text = f'{text[:at]}"{text[at:]}'
    try:
        lines = read_lines(tmp_path, f"{HEADER}\n{text}\n", key)
    except InputError as error:
        assert "a.csv" in str(error)
    else:
        assert len(lines) == NUM_ROWS


@any_file
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(st.sampled_from('ab1,;"\n\r\t \x00\ufeffé'), max_size=60).map(lambda text: text.encode()),
        st.text(st.sampled_from('ab1,;"\n\r '), max_size=60).map(lambda text: f"image_id,dx\n{text}".encode()),
        st.text(st.sampled_from('sep=;, image_dx"\n\r'), max_size=60).map(lambda text: text.encode()),
    )
)
def test_any_bytes_give_a_table_or_a_reason(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    try:
        cells = read_text_table(path, ["image_id"], optional=["dx"]).cells
    except InputError as error:
        assert "a.csv" in str(error)
    else:
        assert "image_id" in cells
        assert all(isinstance(cell, str) for cell in cells.to_numpy().ravel())
        assert cells.index.is_monotonic_increasing
        assert cells.index.is_unique
