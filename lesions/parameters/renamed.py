"""Parameters that were renamed."""

RENAMED = {
    "evaluation.min_slice_groups": "evaluation.min_subgroup_groups",
    "training.deterministic": "hardware.deterministic",
    "training.device": "hardware.device",
    "training.execution": "hardware.execution",
    "training.num_threads": "hardware.num_threads",
}
"""The new full name of each renamed parameter, by its old name. Only unknown names are looked up here."""


def describe_unknown(name: str) -> str:
    """Return the complaint that a parameter is unknown, or its new name if it was renamed."""
    return f"{name} is now {RENAMED[name]}" if name in RENAMED else f"{name}: there is no such parameter"
