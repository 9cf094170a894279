"""What `lesions score` prints."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Column, Table

if TYPE_CHECKING:
    from lesions.evaluation.audit import Audit
    from lesions.evaluation.audit_scores import TiedAndRest
    from lesions.evaluation.interval import Estimate


def list_sentences(audit: "Audit") -> list[str]:
    """Say what the classes are, how many images there are, and how many are tied to images outside the file."""
    images = audit.predictions.images
    N = len(images)
    named = ", ".join(word if word == name else f"{word}: {name}" for word, name in audit.class_of.items())
    ties = ", ".join(
        f"{number} ({number / N:.1%}) share a {name.removesuffix('_id')}" for name, number in audit.num_tied.items()
    )
    disagreeing = audit.num_disagreeing
    return [
        f"classes: {named}",
        *([f"{disagreeing} images have another class in the file than in the dataset"] if disagreeing else []),
        f"{N:,} images of {images.group_id.nunique():,} groups (images that share a patient or a lesion)",
        f"with images of the dataset that are not in the file: {ties or 'not known, there are no identifiers'}",
    ]


def build_table(whole: "dict[str, Estimate]", parts: "dict[str, TiedAndRest]") -> Table:
    """Return one row per metric: on all images, on the tied ones, on the rest, and the difference."""
    from lesions.evaluation.verdict import METRIC_WORDS, spell_estimate

    headings = ("all images", "tied images", "the rest", "tied minus rest")
    table = Table(Column("", no_wrap=True), *(Column(heading, no_wrap=True) for heading in headings), box=None)
    for metric, estimate in whole.items():
        part = parts.get(metric)
        sides = ("", "", "") if part is None else map(spell_estimate, (part.tied, part.rest, part.difference))
        words = METRIC_WORDS.get(metric, metric.replace("_", " "))
        table.add_row(words, spell_estimate(estimate), *sides)
    return table


def describe_calibration_error(audit: "Audit") -> str:
    """Say what the calibration error is, and what it would be by chance."""
    from lesions.evaluation.reliability import estimate_chance_error, score_reliability
    from lesions.evaluation.verdict import spell_bounds

    predictions = audit.predictions
    error = score_reliability(predictions.y_true, predictions.logits)["expected_calibration_error"]
    chance = estimate_chance_error(predictions)
    return (
        f"calibration error of the most probable class: {error:.3f}; calibrated probabilities would have "
        f"{spell_bounds(chance)}"
    )


def build_decisions_table(decisions: "Sequence[dict[str, Any]]") -> Table:
    """Return one row per class and unit (image, confirmed image, lesion, patient): each class against the rest."""
    from lesions.evaluation.operating_point import SCORES, read_decisions
    from lesions.evaluation.verdict import spell_estimate

    headings = ("class", "of each", "found", *SCORES)
    table = Table(*(Column(heading, no_wrap=True) for heading in headings), box=None)
    for row in decisions:
        scores = read_decisions(row)
        cells = (spell_estimate(scores[name]) if name in scores else "–" for name in SCORES)
        found, missed = row["num_true_positive"], row["num_false_negative"]
        table.add_row(row["called"], row["unit"], f"{found} of {found + missed}", *cells)
    return table


def build_malignancy_table(scores: "dict[str, Estimate]") -> Table:
    """Return one row per score of the probability of malignancy."""
    from lesions.evaluation.verdict import spell_bounds, spell_number

    table = Table(Column("malignancy", no_wrap=True), "", Column("95 % interval", no_wrap=True), box=None)
    for name, estimate in scores.items():
        table.add_row(name.replace("_", " "), spell_number(estimate.value), spell_bounds(estimate))
    return table
