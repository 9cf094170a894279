"""Plots show the measured numbers, which are read back from the figures."""

import re
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex

from lesions.drawing.style import render_svg
from lesions.evaluation.comparison import Comparison
from lesions.evaluation.interval import Estimate
from lesions.report import pictures
from lesions.report.pictures import choose_styles
from tests.runs import build_predictions


def test_fourteen_models_look_different_in_every_plot() -> None:
    styles = choose_styles([f"model_{n}" for n in range(14)]).values()
    assert len({(style.colour, style.marker) for style in styles}) == 14
    assert len({(style.colour, style.line) for style in styles}) == 14


def test_scores_are_plotted_at_their_values() -> None:
    styles = choose_styles(["a", "b"])
    scores: dict[tuple[str, ...], Estimate] = {
        ("a", "accuracy"): Estimate(0.5, 0.4, 0.7),
        ("b", "accuracy"): Estimate(0.8, 0.75, 0.9),
    }
    (axes,) = pictures.plot_scores(Comparison(scores, {}), styles, metric="accuracy", chance=0.25).axes
    drawn = [(np.asarray(line.get_xdata()).tolist(), np.asarray(line.get_ydata()).tolist()) for line in axes.lines]
    assert drawn == [
        ([0.4, 0.7], [0, 0]),
        ([0.5], [0]),
        ([0.75, 0.9], [1, 1]),
        ([0.8], [1]),
        ([0.25, 0.25], [0, 1]),
    ]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]


def test_confusion_counts_are_in_their_cells() -> None:
    y_true = np.array([0, 0, 1, 1, 1, 2])
    (axes,) = pictures.plot_confusion(build_predictions(y_true, np.eye(3)[[0, 1, 1, 1, 2, 2]])).axes
    cells = {tuple(map(round, text.get_position())): text.get_text() for text in axes.texts}
    assert cells == {(0, 0): "1", (1, 0): "1", (1, 1): "2", (2, 1): "1", (2, 2): "1"}
    shades = np.asarray(axes.images[0].get_array())
    np.testing.assert_allclose(shades, np.array([[0.5, 0.5, 0], [0, 2 / 3, 1 / 3], [0, 0, 1]]))


def test_the_curves_of_a_diagnosis_are_in_its_square() -> None:
    rows = [
        {"model": model, "diagnosis": name, "step": step, "x": step / 2, "y": value * step / 2}
        for model, value in (("a", 1.0), ("b", 0.5))
        for name in ("melanoma", "nevus", "vascular_lesion", "wart")
        for step in range(3)
    ]
    names = ["melanoma", "nevus", "vascular_lesion", "wart"]
    figure = pictures.plot_curves(rows, choose_styles(["a", "b"]), names, x="x", y="y", words=("x", "y"))
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == ["melanoma", "nevus", "vascular lesion", "wart"]
    for axes in shown:
        assert [np.asarray(line.get_ydata()).tolist() for line in axes.lines] == [[0, 0.5, 1], [0, 0.25, 0.5]]
    # The squares above an empty cell show the tick labels of their axis.
    assert [axes.xaxis.get_tick_params()["labelbottom"] for axes in shown] == [False, True, True, True]


@pytest.mark.parametrize("most", [6, 90, 600, 40_000])
def test_the_ticks_of_the_class_balance_do_not_overlap(most: int) -> None:
    numbers = {"train": most, "val": max(1, most // 5), "test": max(1, most // 9)}
    shares = [
        {"diagnosis": name, "split": split, "num_images": max(1, number // part)}
        for name, part in (("squamous_cell_carcinoma", 1), ("nevus", 7))
        for split, number in numbers.items()
    ]
    figure = pictures.plot_class_balance(shares)
    figure.canvas.draw()
    (axes,) = figure.axes
    labels = [*axes.get_xticklabels(), *axes.get_xticklabels(minor=True)]
    low, high = axes.get_xlim()
    shown = [label for label in labels if label.get_text() and low <= label.get_position()[0] <= high]
    boxes = sorted((label.get_window_extent() for label in shown), key=lambda box: box.x0)
    assert len(boxes) >= 2
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_long_titles_of_curves_do_not_overlap() -> None:
    names = ("pigmented_benign_keratosis", "squamous_cell_carcinoma", "vascular_lesion")
    rows = [
        {"model": "a", "diagnosis": name, "step": step, "x": step, "y": step} for name in names for step in (0, 1)
    ]
    figure = pictures.plot_curves(rows, choose_styles(["a"]), names, x="x", y="y", words=("x", "y"))
    figure.canvas.draw()
    boxes = [axes.title.get_window_extent() for axes in figure.axes]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert boxes[-1].x1 <= figure.bbox.width


@pytest.mark.parametrize("names", [["a", "b", "c"], ["efficientnet_b0_features", "mobilenet_v3_large_features", "c"]])
def test_a_legend_is_not_wider_than_the_figure(names: list[str]) -> None:
    rows = [{"model": name, "diagnosis": "nevus", "f1": 0.5} for name in names]
    figure = pictures.plot_f1(rows, choose_styles(names))
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width


def test_a_picture_has_the_same_bytes_each_time_and_its_black_becomes_light_on_a_dark_screen() -> None:
    def drawn() -> str:
        return render_svg(pictures.plot_f1([{"model": "a", "diagnosis": "nevus", "f1": 0.5}], choose_styles(["a"])))

    assert drawn() == drawn()
    assert "prefers-color-scheme: dark" in drawn()
    assert "currentColor" in drawn()
    assert "#000000" not in drawn()
    assert not re.search(r"\d{4}-\d{2}-\d{2}T", drawn())


def test_the_colours_of_models_are_those_of_a_palette_for_the_colour_blind() -> None:
    """The palette is that of Okabe and Ito, without black, which is the colour of text."""
    palette = {"#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#999999"}
    assert {to_hex(style.colour) for style in choose_styles(list("abcdefg")).values()} == palette
