"""Logistic regression on features of images, with a regularisation that is chosen on validation."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from lesions.evaluation.scores import score_labels

INVERSE_REGULARISATION = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""The values of C that are tried; the one with the best macro F1 on validation is chosen."""


def fit_regression(features: NDArray[np.floating], table: pd.DataFrame, num_classes: int) -> Pipeline:
    """Fit a regression for each value of C on the training images, and return the one that validates best.

    All diagnoses have the same total weight, whatever the networks' loss uses: a regression that always predicts the
    most frequent diagnosis would make any network look good.

    Parameters
    ----------
    features : (N, F)
    table : (N, ...)
        Has the columns `label`, the class index, and `split`.
    """
    labels = table.label.to_numpy()
    train, val = (table.split == "train").to_numpy(), (table.split == "val").to_numpy()

    def validate(regression: Pipeline) -> float:
        return score_labels(labels[val], regression.predict(features[val]), num_classes)["macro_f1"]

    return max(list_regressions(features[train], labels[train]), key=validate)


def compute_logits(regression: Pipeline, features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return logits (N, K); for two classes, scikit-learn gives only those of the second, and the first's are 0."""
    logits = regression.decision_function(features)
    return logits if logits.ndim == 2 else np.stack([np.zeros_like(logits), logits], axis=1)


def list_regressions(features: NDArray[np.floating], labels: NDArray[np.int64]) -> Iterator[Pipeline]:
    """Yield the regression fitted with each value of C."""
    for strength in INVERSE_REGULARISATION:
        regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)
        yield make_pipeline(StandardScaler(), regression).fit(features, labels)
