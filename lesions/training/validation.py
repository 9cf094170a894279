"""Scoring a network on the validation images while it is trained."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lesions.evaluation.scores import score_labels
from lesions.networks.inference import predict_outputs
from lesions.networks.preprocessing import Preprocessing
from lesions.training.batches import LabelledRows
from lesions.training.epoch import Scores
from lesions.training.loss import Criterion


def validate(
    network: nn.Module,
    images: NDArray[np.uint8],
    val: LabelledRows,
    criterion: Criterion,
    *,
    preprocessing: Preprocessing,
    device: torch.device,
) -> Scores:
    """Predict the validation images, rows of the whole cache, and score them with the loss of training."""
    logits = predict_outputs(network, images, val.rows, preprocessing=preprocessing, device=device)
    labels = score_labels(val.labels, logits.argmax(axis=1), criterion.num_classes)
    return {"loss": criterion.mean(logits, val.labels), **labels}
