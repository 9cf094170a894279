"""A weight for each class, so that rare classes count as much as frequent ones in the loss."""

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from lesions.parameters.strict import Section


class ClassWeightParameters(Section):
    """The section `class_weights`."""

    scheme: Literal["balanced", "effective_number", "sqrt", "none"]
    beta: Annotated[float, Field(ge=0, lt=1)] | None

    @model_validator(mode="after")
    def _beta_belongs_to_effective_number(self) -> Self:
        if (self.scheme == "effective_number") != (self.beta is not None):
            raise ValueError(
                f"beta belongs to the scheme effective_number; got scheme {self.scheme}, beta {self.beta}"
            )
        return self


def compute_class_weights(counts: NDArray[np.int64], parameters: ClassWeightParameters) -> NDArray[np.float64]:
    """Compute a weight for each class from its number of training images.

    `balanced` is N / (K n_k), as in scikit-learn's `compute_class_weight`; `sqrt` is its square root;
    `effective_number` is (1 - beta) / (1 - beta^n_k) (Cui et al. 2019, doi 10.1109/CVPR.2019.00949), scaled so
    that the weights sum to K; `none` is 1.

    Parameters
    ----------
    counts : (K,) int, > 0
        Training images of each class.

    Returns
    -------
    (K,) float
    """
    K = len(counts)
    if parameters.scheme == "none":
        return np.ones(K)
    if parameters.scheme == "effective_number":
        assert parameters.beta is not None
        weights = (1 - parameters.beta) / (1 - parameters.beta**counts)
        return weights * K / weights.sum()
    balanced = counts.sum() / (K * counts)
    return np.sqrt(balanced) if parameters.scheme == "sqrt" else balanced
