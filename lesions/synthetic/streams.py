"""Random numbers that belong to a name: a patient, a lesion or an image."""

import numpy as np


def random_stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of `name`, the same in whatever order, thread or process it is asked for.

    Parameters
    ----------
    seed : int
        The dataset's seed, at least 0.
    name : str
        Whose numbers these are, for instance "SYN_P0001".
    """
    return np.random.default_rng([seed, *name.encode()])
