"""What was found of new images: in numbers, as JSON, and in sentences."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.drift.comparison import LEVEL, Difference, compare_all, list_found
from lesions.drift.image_set import EMBEDDING, PROPERTIES, REFERENCE_SPLIT, UNLIKE_TRAINING, ImageSet
from lesions.formats.json_file import write_metrics

NUM_UNLIKE = 20
"""Images that are listed as the least alike."""

SIZE_FIRST = (
    "Look at the distance first. With thousands of images, a p-value finds shifts that are too small to matter; with "
    "few, it misses large ones. The distances that chance alone reaches say how large a shift could stay unseen."
)


@dataclass(frozen=True)
class Findings:
    """The comparison of new images with those of the run that made a model.

    Attributes
    ----------
    model
        Its name, and the first digits of the hash of its file.
    is_grouped
        Whether it was said which patient or lesion the new images are of.
    differences
        By property; those that one side does not know are missing.
    """

    model: str
    reference: ImageSet
    new: ImageSet
    is_grouped: bool
    differences: Mapping[str, Difference]

    @property
    def found(self) -> list[str]:
        """The properties in which drift was found, the largest distance first."""
        return list_found(self.differences)

    @property
    def untested(self) -> list[str]:
        """The properties that one side does not know."""
        return [name for name in PROPERTIES if name not in self.differences]

    def list_unlike(self) -> list[dict[str, Any]]:
        """Return the new images that are least like the training images, by the user's own names of the files."""
        table = self.new.table.sort_values(["score", "file"], ascending=[False, True]).head(NUM_UNLIKE)
        columns = zip(table.file, table.score.astype(float), table.likeness == UNLIKE_TRAINING, strict=True)
        return [
            {"file": file, "out_of_distribution": score, "is_unlike": bool(is_unlike)}
            for file, score, is_unlike in columns
        ]

    def summarise(self, name: str) -> dict[str, Any]:
        """Return the values of a property on both sides: shares of categories, or quartiles of numbers."""
        sides = {"reference": self.reference.table, "new": self.new.table}
        if name == EMBEDDING:
            return {}
        return {
            side: {**_summarise(table[name]), "num_unknown": int(table[name].isna().sum())}
            for side, table in sides.items()
        }


def compare_sets(model: str, reference: ImageSet, new: ImageSet, *, is_grouped: bool) -> Findings:
    """Compare new images with the reference in all properties that both know."""
    known, of_new = reference.list_values(), new.list_values()
    differences = compare_all({name: (known[name], of_new[name]) for name in PROPERTIES})
    return Findings(model, reference, new, is_grouped, differences)


def write_findings(path: Path, findings: Findings) -> None:
    """Write all numbers as JSON."""
    content = {
        "model": findings.model,
        "level": LEVEL,
        "found": findings.found,
        "untested": findings.untested,
        "reference": {"split": REFERENCE_SPLIT, **_count(findings.reference)},
        "new": {**_count(findings.new), "is_grouped": findings.is_grouped},
        "properties": {
            name: {**asdict(each), "is_found": each.is_found, **findings.summarise(name)}
            for name, each in findings.differences.items()
        },
        "refused": dict(findings.new.refused),
        "most_unlike": findings.list_unlike(),
    }
    write_metrics(path, content)


def describe_findings(findings: Findings) -> Iterator[str]:
    """Yield the sentences that say what was compared and found."""
    reference, new = _count(findings.reference), _count(findings.new)
    found, tested = findings.found, len(findings.differences)
    if found:
        worst = findings.differences[found[0]]
        yield (
            f"Drift found in {len(found)} of {tested} properties. The largest: {PROPERTIES[found[0]]}, distance "
            f"{worst.distance:.3f} ({worst.low:.3f} to {worst.high:.3f}; 0 is the same, 1 has nothing in common)."
        )
    else:
        yield f"No drift found in {tested} properties."
    yield (
        f"{new['num_images']:,} new images in {new['num_groups']:,} groups were compared with "
        f"{reference['num_images']:,} validation images in {reference['num_groups']:,} groups of the run that made "
        f"{findings.model}."
    )
    if not findings.is_grouped:
        yield (
            "It was not said which new images are of one patient or lesion, so that each counts as a group of its "
            "own. If some belong together, the p-values are too small: name a column by --group-by."
        )
    if findings.untested:
        names = ", ".join(PROPERTIES[name] for name in findings.untested)
        yield f"Not compared, because one side does not know it: {names}."
    if findings.new.refused:
        yield f"{len(findings.new.refused):,} files could not be read as an image, and are not compared."
    yield SIZE_FIRST


def _count(images: ImageSet) -> dict[str, int]:
    return {
        "num_images": len(images.table),
        "num_groups": int(images.table.group_id.nunique()),
        "num_refused": len(images.refused),
    }


def _summarise(values: pd.Series) -> dict[str, Any]:
    known = values.dropna()
    if known.empty:
        return {}
    if pd.api.types.is_numeric_dtype(known):
        quartiles = {"lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75}
        return {name: float(known.quantile(share)) for name, share in quartiles.items()}
    return {"shares": {str(name): float(share) for name, share in known.value_counts(normalize=True).items()}}
