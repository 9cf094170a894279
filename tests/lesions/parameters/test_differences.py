"""What changes and what is lost is named in full."""

from typing import Any

from lesions.parameters.differences import list_changed, list_lost

DEFAULT: dict[str, Any] = {
    "models": ["a", "b"],
    "dataset": {"columns": {}, "table": None},
    "architectures": {"a": {"size": 1, "rate": 0.1}},
    "training": {"seed": 0, "monitor": "loss"},
}


def change(**sections: dict[str, Any]) -> dict[str, Any]:
    return DEFAULT | {name: DEFAULT[name] | section for name, section in sections.items()}


def test_changes_are_listed_in_the_new_order_with_removed_parameters_last() -> None:
    after = {"training": {"seed": 1, "monitor": "loss"}, "models": ["a"], "dataset": DEFAULT["dataset"]}
    assert list_changed(DEFAULT, after) == ["training.seed", "models", "architectures"]
    assert list_changed(DEFAULT, DEFAULT) == []


def test_an_overwritten_parameter_that_differs_from_the_default_is_lost() -> None:
    present = change(training={"seed": 7, "monitor": "f1"})
    assert list_lost(present, DEFAULT, DEFAULT) == ["training.seed 7 → 0", "training.monitor f1 → loss"]


def test_kept_parameters_and_defaults_are_not_lost() -> None:
    present = change(training={"seed": 7})
    assert list_lost(present, DEFAULT, change(training={"seed": 7, "monitor": "f1"})) == []


def test_the_users_own_networks_and_models_are_lost() -> None:
    network = {"size": 3, "phases": [{"name": "all layers", "rate": None}]}
    present = change(architectures={"mine": network}) | {"models": ["a", "mine"]}
    assert list_lost(present, DEFAULT, DEFAULT) == [
        "models [a, mine] → [a, b]",
        "architectures.mine {size: 3, phases: [{name: all layers, rate: null}]} → (left out)",
    ]


def test_only_the_differences_of_a_network_that_a_preset_also_adds_are_lost() -> None:
    present, after = (change(architectures={"mine": {"size": size, "rate": 1}}) for size in (3, 4))
    assert list_lost(present, DEFAULT, after) == ["architectures.mine.size 3 → 4"]


def test_entries_of_a_section_that_is_empty_by_default_are_lost() -> None:
    present = change(dataset={"columns": {"sex": "gender"}, "table": "a.csv"})
    assert list_lost(present, DEFAULT, DEFAULT) == [
        "dataset.columns {sex: gender} → {}",
        "dataset.table a.csv → null",
    ]
