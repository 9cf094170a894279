"""Scoring a network on the validation images during training."""

from torch import nn

from lesions.evaluation.scores import score_labels
from lesions.networks.inference import predict_outputs
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
) -> Scores:
    """Predict the validation images, and score the predictions with the training loss and the metrics."""
    logits = predict_outputs(network, source, val.rows, preprocessing=preprocessing)
    labels = score_labels(val.labels, logits.argmax(axis=1), criterion.num_classes)
    return {"loss": criterion.mean(logits, val.labels), **labels}
