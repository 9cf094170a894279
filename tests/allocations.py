"""All allocations of a few groups, to compare with."""

from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

SHARES = np.array([0.7, 0.15, 0.15])


@cache
def list_allocations(num_groups: int, num_splits: int = 3) -> NDArray[np.int64]:
    """Return all allocations (A, G) of `num_groups` groups to the splits."""
    return np.array(list(product(range(num_splits), repeat=num_groups)))
