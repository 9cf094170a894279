"""How many test images have a sibling, that is an image of the same group, among the training images."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln


def find_leaked(group_id: pd.Series, split: pd.Series) -> NDArray[np.bool_]:
    """Return which images (N,) are test images with a sibling in training."""
    trained = set(group_id[split == "train"])
    return ((split == "test") & group_id.isin(trained)).to_numpy()


def expect_leaked(group_id: pd.Series, num_train: int) -> NDArray[np.float64]:
    """Return the probability (N,) that a sibling of each image is in training, if images were split one by one.

    The image itself is not in training, so the `num_train` training images are drawn from the N - 1 others. Of these,
    m - 1 are its siblings, where m is the size of its group: 1 - C(N - m, num_train) / C(N - 1, num_train).

    Returns
    -------
    (N,) float
    """
    N = len(group_id)
    sizes, size = np.unique(group_id.map(group_id.value_counts()), return_inverse=True)
    others = N - sizes  # images that are neither the image itself nor its siblings
    possible = others >= num_train
    # Logarithms of both binomial coefficients; the factorial of num_train cancels.
    more, fewer = others[possible] + 1, others[possible] - num_train + 1
    # Paired so that images without siblings give exactly 0.
    log_none = (gammaln(more) - gammaln(N)) - (gammaln(fewer) - gammaln(N - num_train))
    probabilities = np.ones(len(sizes))
    probabilities[possible] = np.abs(np.expm1(log_none))  # without the minus sign of -0.0
    return probabilities[size]
