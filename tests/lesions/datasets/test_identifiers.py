"""Tests that a patient in two spellings is one patient, and that what may be two is asked about."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column
from lesions.datasets.identifiers import Identifiers, explain_similar, unify_identifiers
from lesions.datasets.similar_spellings import fold_identifier
from lesions.formats.identifier import normalise_identifier
from lesions.tables.csv_table import read_text_table
from tests.builders import (
    HAM10000,
    ISIC_2019,
    PAD_UFES_20,
    SIIM_ISIC_2020,
    needs_ham10000,
    needs_isic_2019,
    needs_pad_ufes_20,
    needs_siim_isic_2020,
)

COLUMNS = {"image_id": Column("photo"), "diagnosis": Column("finding"), "patient_id": Column("who")}
ADAPTER = Adapter((Path("findings.csv"),), COLUMNS)
BY_PATIENT = Adapter((Path("findings.csv"),), COLUMNS | {"lesion_id": Column("spot", within=COLUMNS["patient_id"])})


def unify(who: Sequence[str | None], *, join: bool = False) -> tuple[list[str], Identifiers]:
    cells = pd.DataFrame({"photo": [str(n) for n in range(len(who))], "who": who}, dtype=str)
    unified, found = unify_identifiers(cells, ADAPTER, join=join)
    return unified.who.tolist(), found["patient_id"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("17", "17.0"),
        ("17", "17,0"),
        ("M\u00fcller", "Mu\u0308ller"),
        ("P1", "Ｐ１"),
        ("P1", "P1\u200b"),
        ("P1", "\ufeffP1"),
        ("P1", "P\u00ad1\u200e"),
        ("P1", "P1\r"),
        ("P1", "P\x001"),
        ("P 1", "P  1"),
        ("P 1", "\u00a0P\u2009\u00a01 "),
        ("P 1", "P\t1\n"),
        ("１７.０", "17"),
    ],
)
def test_what_can_only_be_spelling_is_joined_and_counted(first: str, second: str) -> None:
    (one, other, third), found = unify([first, second, "P9"])
    assert one == other == normalise_identifier(first)
    assert third == "P9"
    assert (found.num_joined, found.num_not_known, found.similar) == (1, 0, [])


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ("P01", "p01", "capitals"),
        ("001", "1", "leading zeros"),
        ("P07", "P7", "leading zeros"),
        ("P1-02", "P1-2", "leading zeros"),
        ("A1", "\u04101", "look-alike characters"),
        ("O1", "\u039f1", "look-alike characters"),
        ("P-1", "P\u20131", "look-alike characters"),
        ("12", "\u0661\u0662", "look-alike characters"),
        ("P2", "P\u00b2", "look-alike characters"),
        ("100000", "1e5", "number formats"),
        ("123000", "1.23E+05", "number formats"),
        ("17", "17.00", "number formats"),
        ("P 1", "P1", "blanks"),
        ("17", "17.", "separators"),
        ("17", "17.", "separators"),
        ("17", "'17", "punctuation"),
        ("17", '="17"', "punctuation"),
        ("17", "#17", "punctuation"),
        ("PAT-01", "PAT_01", "separators"),
        ("PAT-01", "PAT01", "separators"),
        ("P.01", "P01", "separators"),
        ("17-", "17", "separators"),
        ("PAT-1", "PAT 1", "blanks, separators"),
        ("p 01", "P1", "capitals, blanks, leading zeros"),
    ],
)
def test_what_may_be_two_is_listed_with_its_kind_and_joined_only_if_asked(first: str, second: str, kind: str) -> None:
    kept, found = unify([first, second, second, "Q"])
    assert kept == [first, second, second, "Q"]
    assert found.similar == [dict(sorted({first: 1, second: 2}.items()))]
    assert found.num_joined == 0
    joined, _ = unify([first, second, second, "Q"], join=True)
    assert joined == [second, second, second, "Q"]
    message = explain_similar(Path("findings.csv"), {"patient_id": found})
    spellings = ", ".join(f"{one!r} ({number} rows)" for one, number in found.similar[0].items())
    assert f"1 × who (patient_id):\n    {spellings}: {kind}\n" in message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        *[("1", "10"), ("1.05", "1.5"), ("1.1", "1.10"), ("P1", "P11"), ("0e1", "0e2"), ("1e400", "1"), ("M1", "N1")],
        *[("Müller", "Muller"), ("P_1", "P_2"), ("1e2", "1e3"), ("HAM_0000118", "HAM_0000181"), ("ab", "ba")],
        *[("1-2", "12"), ("1.2", "12"), ("1_2", "1-2"), ("1--2", "12"), ("-1", "1"), ("1#2", "12"), ("1'2", "12")],
    ],
)
def test_different_identifiers_are_not_called_similar(first: str, second: str) -> None:
    assert fold_identifier(first) != fold_identifier(second)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        pytest.param(HAM10000 / "HAM10000_metadata.csv", "lesion_id", marks=needs_ham10000),
        pytest.param(ISIC_2019 / "ISIC_2019_Training_Metadata.csv", "lesion_id", marks=needs_isic_2019),
        pytest.param(SIIM_ISIC_2020 / "ISIC_2020_Training_GroundTruth.csv", "patient_id", marks=needs_siim_isic_2020),
        pytest.param(PAD_UFES_20 / "metadata_full.csv", "patient_id", marks=needs_pad_ufes_20),
    ],
)
def test_no_two_identifiers_of_a_published_table_are_called_similar(table: Path, column: str) -> None:
    identifiers = {*read_text_table(table, (column,)).cells[column]} - {""}
    assert len(identifiers) > 1000
    assert len({*map(fold_identifier, identifiers)}) == len(identifiers)


@pytest.mark.parametrize(
    "word",
    [
        *["N/A", "n/a", "NA", "nan", "NaN", "None", "NULL", "-", "--", "–", "?", "???", ".", "...", "unknown"],
        *["Unknown ", "#N/A", "#REF!", "<NA>", "_", "/", "\u200b", "\u00a0", " not  known", "N.A."],
    ],
)
def test_a_word_for_not_known_is_no_patient(word: str) -> None:
    who, found = unify([word, "P1", "", "  ", None])
    assert who[:4] == ["", "P1", "", ""]
    assert pd.isna(who[4])
    assert found.num_not_known == (word.strip() != "")


@pytest.mark.parametrize("identifier", ["0", "00", "-1", "N", "Nana", "P?", "unknown1", "NA1", "日本", "null-7"])
def test_other_identifiers_stay_as_they_are(identifier: str) -> None:
    assert unify([identifier])[0] == [identifier]


def test_lesions_numbered_within_a_patient_are_compared_within_the_patient() -> None:
    rows = [("P1", "1"), ("P1", "01"), ("P2", "1.0"), ("P2", "1"), ("P3", "01"), ("p3", "1"), ("", "7"), (None, "07")]
    cells = pd.DataFrame({"photo": list("abcdefgh"), "who": [who for who, _ in rows], "spot": [s for _, s in rows]})
    kept, found = unify_identifiers(cells, BY_PATIENT, join=False)
    assert kept.spot.tolist() == ["1", "01", "1", "1", "01", "1", "7", "07"]
    assert found["patient_id"].similar == [{"P3": 1, "p3": 1}]
    assert found["lesion_id"].similar == [{"P1/01": 1, "P1/1": 1}]
    assert found["lesion_id"].num_joined == 1
    joined, found = unify_identifiers(cells, BY_PATIENT, join=True)
    assert joined.who.tolist()[4:6] == ["P3", "P3"]
    assert joined.spot.tolist()[:2] == ["01", "01"]
    assert joined.spot[4] == joined.spot[5]


def test_image_names_are_left_alone() -> None:
    adapter = Adapter((Path("a.csv"),), COLUMNS | {"patient_id": Column("photo")})
    cells = pd.DataFrame({"photo": ["NA", "a", "A", "1.0"]})
    unified, found = unify_identifiers(cells, adapter, join=True)
    assert unified.photo.tolist() == ["NA", "a", "A", "1.0"]
    assert found == {}


def test_the_message_lists_ten_sets_and_says_the_two_ways_on() -> None:
    _, found = unify([f"{case}{n:02d}" for n in range(12) for case in "Pp"] + ["x" * 200, "X" * 200])
    message = explain_similar(Path("findings.csv"), {"patient_id": found})
    assert message.count(": capitals") == 10
    assert "13 × who (patient_id):" in message
    assert "and 3 others" in message
    assert "set dataset.similar_identifiers to join if each of these sets is one, or to keep if they" in message
    assert "x" * 80 not in message


NOISE = ["", "", "", "\u200b", "\u00ad", "\ufeff", "\x07"]
BLANKS = ["", "", " ", "\u00a0", "\t", "\r", "\n "]


@st.composite
def respelled(draw: st.DrawFn) -> tuple[str, str]:
    """Return an identifier, and a spelling of it that cannot be another one."""
    identifier = draw(st.sampled_from(["P1", "p1", "P 2", "17", "007", "é3", "N/A", "-", "", "1e5"]))
    text = identifier + (draw(st.sampled_from(["", ".0", ",0"])) if identifier.isdigit() else "")
    text = "".join(one + draw(st.sampled_from(NOISE)) for one in text).replace(" ", draw(st.sampled_from(BLANKS[2:])))
    if draw(st.booleans()):
        text = "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)
    text = unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), text)
    return identifier, draw(st.sampled_from(BLANKS)) + text + draw(st.sampled_from(BLANKS))


@settings(deadline=None)
@given(st.lists(respelled(), min_size=1, max_size=12), st.booleans())
def test_however_identifiers_are_spelled_they_are_the_same_ones(rows: list[tuple[str, str]], join: bool) -> None:
    plain, expected = unify([identifier for identifier, _ in rows], join=join)
    spelled, found = unify([spelling for _, spelling in rows], join=join)
    assert spelled == plain
    assert found.similar == expected.similar
    num_empty = sum(identifier == "" and spelling.strip() == "" for identifier, spelling in rows)
    assert sum(map(bool, spelled)) + found.num_not_known + num_empty == len(rows)
