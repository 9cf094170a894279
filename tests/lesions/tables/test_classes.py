"""The classes come back from their file as they were written."""

from pathlib import Path

from lesions.tables.classes import Classes, read_classes, write_classes


def test_classes_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = Classes(("a", "b"), (("a", "c"), ("b",)), num_images=(1, 3), weights=(2.0, 0.666667))
    write_classes(tmp_path / "classes.json", written)
    assert read_classes(tmp_path / "classes.json") == written
