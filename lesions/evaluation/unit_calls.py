"""By which rule a lesion is called a class; without pandas, so that an exported model calls lesions by it too."""

import numpy as np
from numpy.typing import NDArray


def call_units(probability: NDArray[np.float64], votes: NDArray[np.float64] | None) -> NDArray[np.int64]:
    """Return the class (U,) that each unit is called.

    It is the most probable class where every image is called its most probable class. Otherwise the images were
    called by another rule, and the unit is called what most of its images are; of several such classes, the most
    probable one.

    Parameters
    ----------
    probability : (U, K)
        The mean of the probabilities of each unit's images.
    votes : (U, K)
        How many of its images are called each class; None where every image is called its most probable class.
    """
    # A vote is worth more than any probability.
    return np.asarray((probability if votes is None else 2 * votes + probability).argmax(axis=1))
