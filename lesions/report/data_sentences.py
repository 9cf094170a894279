"""Describe the data and their split, in sentences computed from the run."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

from lesions.datasets.merged_words import describe_merged_words
from lesions.datasets.sources import OWN
from lesions.drawing.style import spell
from lesions.formats.json_file import PlotRows
from lesions.report.inputs import CopyCounts, RunCounts, SplitSummary
from lesions.tables.groups import list_identifiers, spell_ties, spell_units


def spell_datasets(names: Sequence[str], root: str) -> str:
    """Return the names of the datasets; one of the user's own has the name of its folder."""
    folder = PurePosixPath(root).name
    if tuple(names) in [(name,) for name in OWN]:
        return folder if folder not in ("", "..") else "own data"
    return ", ".join(names)


def describe_units(split: SplitSummary) -> str:
    """Say what intervals and tests count: patients, lesions, or images where the data name neither."""
    units = spell_units(split.grouped_by)
    if split.grouped_by and split.num_test_images_without_identifier:
        return f"{units}, and single images where the data name neither patient nor lesion"
    return units


def describe_merged(counts: RunCounts) -> str:
    """Say which words of the data became one diagnosis; nothing if none did."""
    lines = describe_merged_words(counts.merged_words)
    return f"Several words of the data are one diagnosis here: {'; '.join(lines)}." if lines else ""


def describe_images(counts: RunCounts, split: SplitSummary) -> str:
    """Say how many images there are, and in which split or why in none; the numbers add up."""
    of = [f"{number:,} {name}" for name, number in _count_identifiers(counts) if number]
    num_left_out = (
        split.num_conflicting_images_dropped
        + split.num_siblings_of_listed_dropped
        + split.num_external_images_dropped
    )
    parts = [
        f"{split.num_images['train']:,} for training",
        f"{split.num_images['val']:,} for validation",
        f"{split.num_images['test']:,} for test",
    ]
    if split.num_external_images:
        parts.append(f"{split.num_external_images:,} of other datasets, which are only scored")
    if num_left_out:
        parts.append(f"{num_left_out:,} left out")
    return f"{' of '.join([f'{counts.num_images:,} images', *of])}: {', '.join(parts)}."


def _count_identifiers(counts: RunCounts) -> list[tuple[str, int]]:
    return [("lesions", counts.num_lesions), ("patients", counts.num_patients)]


def describe_class_balance(shares: PlotRows) -> str:
    """Name the most frequent and the rarest diagnosis, and their shares."""
    counts = pd.DataFrame(shares).groupby("diagnosis").num_images.sum().sort_values()
    parts = counts / counts.sum()
    return (
        f"{spell(counts.index[-1]).capitalize()} is {parts.iloc[-1]:.1%} of the images and "
        f"{spell(counts.index[0])} {parts.iloc[0]:.1%}: a ratio of {counts.iloc[-1] / counts.iloc[0]:.3g} to 1."
    )


TESTED_BY = {
    "shares": "",
    "fold": "The test images are one of several folds; each image is a test image in one of them.",
    "list": "The test images are those of a published list.",
}


def describe_split(split: SplitSummary) -> str:
    """Describe what the split keeps together, which leak that prevents, and how close its shares are."""
    sentences = [TESTED_BY[split.tested_by]]
    if split.num_siblings_of_listed_dropped:
        sentences.append(
            f"{split.num_siblings_of_listed_dropped:,} other images that share a {spell_ties(split.grouped_by)} with "
            "them were left out."
        )
    if split.scheme == "group":
        names = " and ".join(f"no {name}" for name in list_identifiers(split.grouped_by))
        whole = f"{names} named in the data" if names else "no picture"
        sentences.append(f"{whole[0].upper()}{whole[1:]} is in two splits.")
    sentences += [
        _describe_prevented(split),
        _describe_leak(split),
        f"The shares of the diagnoses differ from the requested ones by at most {split.worst_share_deviation:.3f}.",
    ]
    return " ".join(filter(None, sentences))


def _describe_leak(split: SplitSummary) -> str:
    """Say how many test images have a sibling in training, and of how many that cannot be known."""
    if split.leaked_test_share is None:
        unknown = (
            "The data name no patient and no lesion of the test images: how many have a sibling in training cannot "
            "be known."
        )
        copied = f"Here {split.copied_test_share:.1%} have a copy in training. "
        return f"{copied if split.copied_test_share else ''}{unknown}"
    share = f"{split.leaked_test_share:.1%}" if split.leaked_test_share else "none"
    num_unnamed = split.num_test_images_without_identifier
    if not num_unnamed:
        return f"Here {share} {'have' if split.leaked_test_share else 'has'} one."
    names = " or ".join(list_identifiers(split.grouped_by))
    return (
        f"Here {share} of the {split.num_images['test'] - num_unnamed:,} test images with a {names} in the data "
        f"{'have' if split.leaked_test_share else 'has'} one; of the {num_unnamed:,} others it cannot be known."
    )


def _describe_prevented(split: SplitSummary) -> str:
    image_wise = split.image_wise_leaked_test_share
    names = " or ".join(list_identifiers(split.grouped_by))
    if not names and not image_wise["all"]:
        return ""
    worst = max(sorted(image_wise.keys() - {"all"}), key=lambda name: image_wise[name])
    otherwise = "With the list alone" if split.tested_by == "list" else "With a split image by image"
    least = "at least " if names and split.num_images_without_identifier else ""
    sibling = f"a sibling in training, that is, an image of the same {names}" if names else "a copy in training"
    return (
        f"{otherwise}, {least}{image_wise['all']:.1%} of the test images would have {sibling}; for {spell(worst)}, "
        f"{image_wise[worst]:.1%}."
    )


def describe_copies(copies: CopyCounts, split: SplitSummary) -> str:
    """Describe how many copies there are, and how many were left out because their diagnoses differ."""
    if not copies.num_pairs:
        return "No two images are copies of each other, neither identical nor altered."
    sentences = [
        f"Pairs of files with identical bytes: {copies.num_exact_pairs:,}. Pairs of altered copies: "
        f"{copies.num_near_pairs:,}."
    ]
    if split.grouped_by:
        names = " or ".join(list_identifiers(split.grouped_by))
        untied = copies.num_pairs_without_shared_identifier
        sentences.append(f"Of all these pairs, {untied:,} have no {names} in common in the data.")
    if split.scheme == "group":
        sentences.append("No pair is in two splits.")
    if split.num_conflicting_images_dropped:
        sentences.append(
            f"{split.num_conflicting_images_dropped:,} images were left out because a copy has another diagnosis."
        )
    return " ".join(sentences)
