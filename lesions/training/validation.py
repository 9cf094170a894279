"""Scoring a network on the validation images during training."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lesions.evaluation.scores import score_labels
from lesions.hardware.exchange import add_up
from lesions.hardware.processes import ALONE, Processes
from lesions.networks.inference import BATCH_SIZE, predict_outputs
from lesions.networks.source import ImageSource
from lesions.training.batches import LabelledRows
from lesions.training.epoch import Scores
from lesions.training.loss import Criterion
from lesions.transforms.preprocessing import Preprocessing


def validate_network(
    network: nn.Module,
    source: ImageSource,
    val: LabelledRows,
    criterion: Criterion,
    *,
    preprocessing: Preprocessing,
    processes: Processes = ALONE,
) -> Scores:
    """Predict the validation images, and score the predictions with the training loss and the metrics.

    Of several processes each predicts some of the images, and all score all of them.
    """
    own = share_batches(len(val.rows), processes)
    logits = np.zeros((len(val.rows), criterion.num_classes), dtype=np.float32)
    if len(own):
        logits[own] = predict_outputs(network, source, val.rows[own], preprocessing=preprocessing)
    add_up(processes, [torch.from_numpy(logits)])
    labels = score_labels(val.labels, logits.argmax(axis=1), criterion.num_classes)
    return {"loss": criterion.mean(logits, val.labels), **labels}


def share_batches(num_images: int, processes: Processes) -> NDArray[np.int64]:
    """Return which images this process predicts: each is predicted by one process, in the batch that it always has.

    An image's logits may depend, in their last bits, on how many images are predicted with it.
    """
    images = np.arange(num_images)
    return images[images // BATCH_SIZE % processes.number == processes.rank]
