"""Grouping images that must stay together in the split."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

GROUPING_IDENTIFIERS = ("patient_id", "lesion_id")


def build_groups(
    metadata: pd.DataFrame, copies: pd.DataFrame, *, identifiers: Sequence[str] = GROUPING_IDENTIFIERS
) -> pd.Series:
    """Return the group of each image: a connected component of images that share an identifier or are copies.

    An image without identifiers and copies is a group of its own. Groups are numbered by first appearance (`g00001`…)
    so that their names contain no identifier of a patient.

    Parameters
    ----------
    copies
        One row per pair, with `image_id` and `other_image_id`.

    Returns
    -------
    (N,) text, with the index of `metadata`
    """
    N = len(metadata)
    positions = pd.Index(metadata.image_id)
    # An edge connects an image with its copy, or with the node of an identifier.
    sources, targets, num_nodes = (
        [positions.get_indexer(copies.image_id)],
        [positions.get_indexer(copies.other_image_id)],
        N,
    )
    for column in identifiers:
        codes, values = pd.factorize(metadata[column])
        known = codes >= 0
        sources.append(np.flatnonzero(known))
        targets.append(num_nodes + codes[known])
        num_nodes += len(values)
    edges = (np.concatenate(sources), np.concatenate(targets))
    assert min(edges[0].min(initial=0), edges[1].min(initial=0)) >= 0
    numbers = pd.factorize(find_components(*edges, num_nodes)[:N])[0] + 1
    width = max(5, len(str(N)))
    return pd.Series([f"g{number:0{width}d}" for number in numbers], index=metadata.index, name="group_id")


def find_components(first: NDArray[np.int64], second: NDArray[np.int64], num_nodes: int) -> NDArray[np.int64]:
    """Return the connected component of each node; edge i connects the nodes `first[i]` and `second[i]`."""
    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(num_nodes, num_nodes))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def find_pictures(metadata: pd.DataFrame, copies: pd.DataFrame) -> pd.Series:
    """Return the picture (N,) that each image shows: copies, and copies of copies, show the same one."""
    return build_groups(metadata, copies, identifiers=())


def find_conflicting(diagnosis: pd.Series, picture_id: pd.Series) -> NDArray[np.bool_]:
    """Return which images (N,) have a copy, or a copy of a copy, with another diagnosis."""
    return (diagnosis.groupby(picture_id).transform("nunique") > 1).to_numpy()


def name_identifiers(metadata: pd.DataFrame) -> str:
    """Return the identifiers that any image has: `patient_id and lesion_id`, one of them, or nothing."""
    return " and ".join(name for name in GROUPING_IDENTIFIERS if metadata[name].notna().any())


def list_identifiers(identifiers: str) -> list[str]:
    """Return the words for the identifiers of `name_identifiers`: patient, lesion, both, or none."""
    return [name.removesuffix("_id") for name in identifiers.split(" and ") if name]


def spell_units(identifiers: str) -> str:
    """Return the words for groups by the identifiers of `name_identifiers`: `patients or lesions`, or `images`."""
    return " or ".join(f"{name}s" for name in list_identifiers(identifiers)) or "images"


def spell_ties(identifiers: str) -> str:
    """Return the words for what the images of a group share, such as `patient, lesion or picture`."""
    names = list_identifiers(identifiers)
    return f"{', '.join(names)} or picture" if names else "picture"


def count_diagnoses(group_id: pd.Series, diagnosis: pd.Series) -> tuple[NDArray[np.int64], pd.Index, list[str]]:
    """Count the images of each diagnosis in each group.

    Returns
    -------
    counts : (G, K) int
    groups : (G,) the names of the groups, sorted
    diagnoses : the K diagnoses, sorted
    """
    counts = pd.crosstab(group_id, diagnosis)
    return counts.to_numpy(), counts.index, list(counts.columns)
