"""Parameters that have another name than they once had."""

RENAMED = {
    "evaluation.min_slice_groups": "evaluation.min_subgroup_groups",
    "training.deterministic": "hardware.deterministic",
    "training.device": "hardware.device",
    "training.execution": "hardware.execution",
    "training.num_threads": "hardware.num_threads",
}
"""The new full name of a parameter, by its old one. Only a name that is unknown is looked up here."""


def describe_unknown(name: str) -> str:
    """Say that a parameter is unknown, or what it is called now."""
    return f"{name} is {RENAMED[name]} now" if name in RENAMED else f"{name}: there is no such parameter"
