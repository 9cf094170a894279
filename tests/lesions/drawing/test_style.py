"""Pictures of figures have reproducible bytes, without the date and the library's version."""

from pathlib import Path

from PIL import Image

from lesions.drawing.style import SPLIT_COLOURS, new_figure, spell, write_figure


def draw(path: Path) -> None:
    figure, axes = new_figure(width=3, height=2)
    axes.plot([0, 1], [1, 0], color=SPLIT_COLOURS["train"])
    write_figure(path, figure)


def test_a_figure_is_written_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_picture_has_the_figures_size_and_no_metadata_of_the_machine(tmp_path: Path) -> None:
    draw(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (450, 300)
        assert set(picture.info) <= {"dpi"}


def test_identifiers_are_spelt_out() -> None:
    assert spell("basal_cell_carcinoma") == "basal cell carcinoma"
