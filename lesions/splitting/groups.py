"""Which images belong together and may not be parted by the split."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

GROUPING_IDENTIFIERS = ("patient_id", "lesion_id")


def build_groups(metadata: pd.DataFrame) -> pd.Series:
    """Give each image the group of all images that share a patient or a lesion with it, directly or by others.

    An image without either identifier is a group of its own. The names (`g00001`…) are numbered by first
    appearance and carry no patient's identifier.

    Returns
    -------
    (N,) text, indexed as `metadata`
    """
    N = len(metadata)
    image_nodes, identifier_nodes, num_nodes = [], [], N
    for column in GROUPING_IDENTIFIERS:
        codes, values = pd.factorize(metadata[column])
        known = codes >= 0
        image_nodes.append(np.flatnonzero(known))
        identifier_nodes.append(num_nodes + codes[known])
        num_nodes += len(values)
    edges = (np.concatenate(image_nodes), np.concatenate(identifier_nodes))
    graph = coo_array((np.ones(len(edges[0]), dtype=np.int8), edges), shape=(num_nodes, num_nodes))
    component = connected_components(graph, directed=False)[1][:N]
    numbers = pd.factorize(component)[0] + 1
    width = max(5, len(str(N)))
    return pd.Series([f"g{number:0{width}d}" for number in numbers], index=metadata.index, name="group_id")


def count_diagnoses(group_id: pd.Series, diagnosis: pd.Series) -> tuple[NDArray[np.int64], pd.Index, list[str]]:
    """Count each group's images of each diagnosis.

    Returns
    -------
    counts : (G, K) int
    groups : (G,) the groups' names, sorted
    diagnoses : the K diagnoses, sorted
    """
    counts = pd.crosstab(group_id, diagnosis)
    return counts.to_numpy(), counts.index, list(counts.columns)
