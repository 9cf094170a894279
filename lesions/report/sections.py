"""The sections of the page, in their order, and which a run has."""

from collections.abc import Mapping
from typing import Any

HEADINGS = {
    "answer": "What was asked, and the answer",
    "diagnoses": "Diagnoses, and the threshold for malignancy",
    "doubts": "What to doubt",
    "missed": "Missed",
    "comparison": "Comparison",
    "external": "On other datasets",
    "subgroups": "Subgroups",
    "calibration": "Calibration and decisions",
    "robustness": "Robustness",
    "mistakes": "Mistakes",
    "training": "Training",
    "data": "Data",
    "provenance": "Provenance",
    "card": "Model cards",
}

MAPS = "maps"
"""Stands for a section, where checklists ask for explanations: the pictures of what the models looked at."""

OF_TEST = ("diagnoses", "missed", "external", "subgroups", "calibration", "robustness", "mistakes")
"""The sections that there are not while the test images are sealed."""


def list_sections(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the headings of the sections that the page has, by their ids."""
    found = dict(HEADINGS)
    if content["sealed"]:
        found = {name: heading for name, heading in found.items() if name not in OF_TEST}
        found["comparison"] = "Scores on validation images"
    else:
        gravest = content["mistakes"][0]["gravest"]
        found["missed"] = "Missed melanomas" if gravest == "melanoma" else f"Missed {gravest} images"
        needed = {
            "missed": gravest,
            "external": content["external"],
            "subgroups": content["subgroups"],
            "robustness": content["robustness"],
        }
        found = {name: heading for name, heading in found.items() if needed.get(name, True)}
    if not content["warnings"]:
        found.pop("doubts")
    return found


def list_answers(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the headings of all that can answer an item of a checklist, by id: the sections, and the maps."""
    shown = [one for model in content.get("mistakes", []) for one in model["missed"] + model["pictures"]]
    maps = {MAPS: "Mistakes, the pictures beside them"} if any(one["map_source"] for one in shown) else {}
    return content["sections"] | maps
