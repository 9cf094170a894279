"""The loss that training minimises."""

from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lesions.training.parameters import LossParameters


class Criterion:
    """The weighted loss of each image.

    The inputs are the logits z, the targets t over K classes, the class weights w (1 if `class_weights` is false),
    and the shares π of the classes among the images shown. With p = softmax(z + τ log π) and the image's weight
    W = Σ w t, its loss is -Σ ((1 - ε) w t + ε W / K) (1 - p)^γ log p. The loss of a batch is the sum over its images,
    divided by the sum of their W. γ is 0 for the cross-entropy, else as in Lin et al. (2017, arXiv:1708.02002); ε
    smooths the labels (Szegedy et al. 2016, arXiv:1512.00567); τ adjusts the logits (Menon et al. 2021,
    arXiv:2007.07314), but only in the loss: predictions use z.
    """

    def __init__(
        self, parameters: LossParameters, class_weights: NDArray[np.float64], shares: NDArray[np.float64]
    ) -> None:
        self._smoothing = parameters.label_smoothing
        self._gamma = parameters.focal_gamma
        weights = class_weights if parameters.class_weights else np.ones_like(class_weights)
        self._weights = torch.tensor(weights, dtype=torch.float32)
        self._adjustment = torch.tensor(parameters.logit_adjustment * np.log(shares), dtype=torch.float32)

    @property
    def num_classes(self) -> int:
        """Number of classes, K."""
        return len(self._weights)

    def to(self, device: torch.device) -> Self:
        """Move the weights to a device, that of the logits and targets."""
        self._weights, self._adjustment = self._weights.to(device), self._adjustment.to(device)
        return self

    def weigh(self, targets: Tensor) -> Tensor:
        """Return the weight of each image, (B,), from targets (B, K) that sum to 1 per image."""
        return targets @ self._weights

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return each image's loss times its weight, (B,), for logits (B, K) and targets (B, K)."""
        log_p = F.log_softmax(logits.float() + self._adjustment, dim=1)  # (B, K)
        # The smoothed part of a label has the weight of the image, not of the classes that receive it; otherwise the
        # best prediction for a common class would be a rare one.
        shared = self.weigh(targets)[:, None] / self.num_classes
        losses = ((1 - self._smoothing) * self._weights * targets + self._smoothing * shared) * log_p
        if self._gamma is not None:
            losses = losses * (1 - log_p.exp()).clamp(min=0) ** self._gamma
        return -losses.sum(dim=1)

    def mean(self, logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
        """Return the mean loss of images, from logits (N, K) and one class per image, (N,)."""
        device = self._weights.device
        targets = F.one_hot(torch.from_numpy(labels).to(device), self.num_classes).float()
        return float(self(torch.from_numpy(logits).to(device), targets).sum() / self.weigh(targets).sum())
