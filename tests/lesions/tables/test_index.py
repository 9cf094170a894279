"""Tests that the index is an ordinary CSV with any file names."""

from pathlib import Path

from lesions.tables.index import read_index, write_index


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    good = {"row": 0, "width_px": 20, "height_px": 10, "sha256": "ab", "perceptual_hash": "00ff"}
    files = ['a, "b".jpg', "naïve.png", "two\nlines.jpg"]
    bad: list[dict[str, object]] = [{"file": file, "error": "x, y"} for file in files[1:]]
    write_index(tmp_path / "images.csv", [{"file": files[0], **good}, *bad])
    index = read_index(tmp_path / "images.csv")
    assert index.file.tolist() == files
    assert index.iloc[0, 1:6].to_dict() == good
    assert index.row.isna().tolist() == [False, True, True]
    assert index.error.fillna("").tolist() == ["", "x, y", "x, y"]
    assert (
        (tmp_path / "images.csv")
        .read_bytes()
        .startswith(b'file,row,width_px,height_px,sha256,perceptual_hash,error,passed_over\n"a, ""b""')
    )
