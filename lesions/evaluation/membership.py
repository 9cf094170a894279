"""Whether a network of another run may be a member of an ensemble of this one.

It must not have learnt from images that this run scores. Two runs may group their images differently, and name or
lack some of them, so that an image is followed through both: it is tied to the images of its group in either run, to
the image of the same name, to those of the same patient or lesion of the same dataset, and to every image of the same
bytes.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.tables.groups import find_components
from lesions.tables.splits import EXTERNAL, TRAINED

FORBIDDEN = (
    ("test", TRAINED, "trained on or validated with"),
    (EXTERNAL, TRAINED, "trained on or validated with"),
    ("val", TRAINED[:1], "trained on"),
)
"""Splits of this run, the splits of the other run that may not hold their groups, and what was done with these."""


def check_membership(name: str, other: pd.DataFrame, own: pd.DataFrame) -> int:
    """Check that a network learnt from none of the groups that this run validates with, tests or scores.

    Parameters
    ----------
    name
        The network's name in messages.
    other, own
        All images of the run of the network and of this run, also dropped ones: image_id, group_id, split, source,
        patient_id, lesion_id, sha256. Empty identifiers are not known.

    Returns
    -------
    int
        Number of images that the network was trained on or validated with, and that this run does not know. By their
        identifiers none is of a patient or lesion that is scored here; without identifiers, nobody can know.

    Raises
    ------
    InputError
        If it did, or if an image has other bytes here and there.
    """
    shared = other.merge(own, on="image_id", suffixes=("_there", "_here"))
    changed = shared[shared.sha256_there != shared.sha256_here]
    if len(changed):
        raise InputError(
            f"{name}: {len(changed):,} images are other ones here than those of the same name that it has seen, such "
            f"as {changed.image_id.iloc[0]!r:.80}; it cannot be a member"
        )
    component = _find_components(other, own)
    there, here = component[: len(other)], component[len(other) :]
    for scored, learnt, how in FORBIDDEN:
        leaked = np.isin(here, there[other.split.isin(learnt)]) & (own.split == scored).to_numpy()
        if leaked.any():
            groups = own.group_id[leaked]
            raise InputError(
                f"{name}: was {how} images of {groups.nunique():,} groups that are in {scored} here, such as "
                f"{groups.iloc[0]}; it cannot be a member (networks of another fold never can, and of another split "
                "hardly ever)"
            )
    is_known = other.image_id.isin(own.image_id) | other.sha256.isin(own.sha256)
    return int((other.split.isin(TRAINED) & ~is_known).sum())


def _find_components(other: pd.DataFrame, own: pd.DataFrame) -> NDArray[np.int64]:
    """Return the connected component of each image of both tables, those of `other` first."""
    both = pd.concat([other.assign(run="other"), own.assign(run="own")], ignore_index=True)
    sources, targets, num_nodes = [], [], len(both)
    alone = pd.Series(np.arange(len(both)), dtype=str)
    persons = [
        (both.source + "/" + both[name]).where(both[name].fillna("") != "", alone)
        for name in ("patient_id", "lesion_id")
    ]
    for key in (both.run + both.group_id, both.image_id, both.sha256, *persons):
        codes, values = pd.factorize(key)
        sources.append(np.arange(len(both)))
        targets.append(num_nodes + codes)
        num_nodes += len(values)
    return find_components(np.concatenate(sources), np.concatenate(targets), num_nodes)[: len(both)]


def describe_unknown_images(name: str, num_unknown: int) -> str:
    """Say how many of a network's images this run does not know; nothing if it knows all."""
    if not num_unknown:
        return ""
    return (
        f"{name} was trained on or validated with {num_unknown:,} images that this run does not know; where their "
        "patient or lesion is not named, it cannot be known whether it is among the test images"
    )
