"""The scores of each diagnosis are drawn and described with their intervals."""

from lesions.report.class_scores import describe_class_scores, plot_class_scores

ROWS = [
    {
        "diagnosis": name,
        "score": score,
        "value": value,
        "low": value - reach,
        "high": value + reach,
        "support": support,
    }
    for name, value, reach, support in (("melanoma", 0.4, 0.1, 30), ("vascular_lesion", 0.5, 0.4, 3))
    for score in ("precision", "recall", "f1")
]


def test_the_lowest_recall_and_the_least_known_one_are_named() -> None:
    assert describe_class_scores("net", ROWS) == (
        "net finds melanoma least often: its recall is 0.400 (0.300 to 0.500). The recall of vascular lesion is the "
        "least known (3 images, 0.100 to 0.900). The lines are 95 % intervals."
    )


def test_intervals_are_drawn_at_their_bounds() -> None:
    (axes,) = plot_class_scores(ROWS).axes
    recall = [segment[:, 0].round(3).tolist() for segment in axes.collections[0].get_segments()]  # type: ignore[attr-defined]
    assert recall == [[0.3, 0.5], [0.1, 0.9]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["vascular lesion", "melanoma"]
