"""Logistic regression on the features of a pretrained backbone."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lesions.baselines.regression import compute_logits, fit_regression
from lesions.hardware.device import set_up_device, to_device
from lesions.images.shards import Images
from lesions.networks.architecture import build_network, check_enough_pixels
from lesions.networks.inference import predict_outputs
from lesions.networks.parameters import AnyArchitecture
from lesions.networks.preprocessing import build_preprocessing
from lesions.networks.source import open_source
from lesions.parameters.hardware import HardwareParameters


def fit_feature_baselines(
    architectures: Mapping[str, AnyArchitecture],
    pixels: Images,
    table: pd.DataFrame,
    *,
    num_classes: int,
    hardware: HardwareParameters,
) -> dict[str, NDArray[np.float64]]:
    """Fit one regression per architecture on the training images; return its logits (N, K) of all images.

    Parameters
    ----------
    architectures
        By model; each has pretrained weights.
    pixels : (M, H, W, 3) uint8
        The image cache.
    table : (N, ...)
        With `row`, `split` and `label`, the class as a number.
    """
    logits = {}
    for model, features in compute_features(architectures, pixels, table, hardware):
        with threadpool_limits(hardware.num_threads):
            regression = fit_regression(features, table, num_classes)
        logits[model] = compute_logits(regression, features)
        print(f"{model}_features: C {regression[-1].C:g}", flush=True)
    return logits


def compute_features(
    architectures: Mapping[str, AnyArchitecture], pixels: Images, table: pd.DataFrame, hardware: HardwareParameters
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield each model and its pretrained backbone's features (N, F) of the images of a table, on the wanted device.

    The images are brought to the device once for all models.

    Parameters
    ----------
    architectures, pixels
        As in `fit_feature_baselines`.
    table : (N, ...)
        With `row`.

    Raises
    ------
    InputError
        If the device is not there, or if the cached images are smaller than an architecture asks for.
    """
    device = set_up_device(hardware.device, num_threads=hardware.num_threads, numerics=hardware.numerics)
    source = open_source(pixels, device)
    for model, architecture in architectures.items():
        check_enough_pixels(model, architecture, pixels.shape[1])
        backbone = to_device(build_network(architecture, num_classes=2, pretrained=True).backbone, device)
        preprocessing = build_preprocessing(architecture)
        yield model, predict_outputs(backbone, source, table.row.to_numpy(), preprocessing=preprocessing)
