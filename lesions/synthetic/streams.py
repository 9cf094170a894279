"""Random number streams, one for each patient, lesion and image."""

import numpy as np


def random_stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of `name`, which does not depend on order, thread or process.

    Parameters
    ----------
    seed : int
        The dataset's seed, at least 0.
    name : str
        The identifier of a patient, a lesion or an image, such as "SYN_P0001".
    """
    return np.random.default_rng([seed, *name.encode()])
