"""Provenance names differences from the defaults, and no folder but the last part of a path."""

from lesions.report.provenance import list_changed_values

DEFAULTS = {
    "about": {"setting": None},
    "dataset": {"root": "data/raw/synthetic", "names": ["synthetic"]},
    "training": {"seed": 0, "old": 1},
}


def test_each_parameter_that_differs_is_a_row() -> None:
    parameters = {
        "about": {"setting": "a clinic"},
        "dataset": {"root": "/home/dr_who/clinic", "names": ["csv"]},
        "training": {"seed": 7},
        "architectures": {"net": {"weights": "/home/dr_who/net.pth"}},
    }
    assert list_changed_values(parameters, DEFAULTS) == [
        {"parameter": "dataset.root", "value": '"clinic"', "default": '"synthetic"'},
        {"parameter": "dataset.names", "value": '["csv"]', "default": '["synthetic"]'},
        {"parameter": "training.seed", "value": "7", "default": "0"},
        {"parameter": "training.old", "value": "–", "default": "1"},
        {"parameter": "architectures", "value": '{"net": {"weights": "net.pth"}}', "default": "–"},
    ]


def test_long_values_are_cut() -> None:
    (row,) = list_changed_values({"models": ["resnet18"] * 50}, {"models": []})
    assert len(row["value"]) == 80
    assert row["value"].endswith("…")
