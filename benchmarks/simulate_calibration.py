"""How often `auto` chooses which calibration, and what it gains on test images.

    python -m benchmarks.simulate_calibration --num-simulations 50

Networks whose logits are known are drawn for HAM10000's diagnoses, in groups of 1 to 10 images: calibrated ones, and
ones whose training weighed the diagnoses alike, which the logits follow in full or in part. It takes some minutes.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy.special import log_softmax

from lesions.evaluation.calibration_choice import fit_best_calibration
from lesions.evaluation.reliability import compute_image_losses
from lesions.tables.predictions import Predictions

Floats = NDArray[np.float64]

COUNTS = np.array([327, 514, 1099, 115, 1113, 6705, 142])
"""Images of HAM10000 by diagnosis."""

LOG_PRIOR = np.log(COUNTS / COUNTS.sum())

CLASSES = tuple("abcdefg")

NETWORKS: dict[str, Callable[[Floats], Floats]] = {
    "calibrated": lambda log_prob: log_prob,
    "too sure": lambda log_prob: 2 * log_prob,
    "weighted": lambda log_prob: log_prob - LOG_PRIOR,
    "weighted, then too sure": lambda log_prob: 2 * (log_prob - LOG_PRIOR),
    "weighted, too unsure": lambda log_prob: 0.6 * (log_prob - LOG_PRIOR),
    "weighted to 0.6, too sure": lambda log_prob: 1.5 * (log_prob - 0.6 * LOG_PRIOR),
}
"""What becomes of the true log-probabilities."""

SIZES = np.arange(1, 11)


def draw(generator: np.random.Generator, num_groups: int, signal: float, network: str) -> Predictions:
    """Draw images with noise of Student's t with 5 degrees of freedom, and the network's logits of them."""
    sizes = generator.choice(SIZES, size=num_groups, p=(1 / SIZES) / (1 / SIZES).sum())
    group = np.repeat(np.arange(num_groups), sizes)
    prior = np.exp(LOG_PRIOR)
    of_group = generator.choice(len(prior), size=num_groups, p=prior)[group]
    other = generator.choice(len(prior), size=len(group), p=prior)
    y_true = np.where(generator.random(len(group)) < 0.85, of_group, other)
    shared = generator.normal(size=(num_groups, len(prior)))[group]
    own = generator.standard_t(5, size=(len(group), len(prior))) / np.sqrt(5 / 3)
    seen = signal * np.eye(len(prior))[y_true] + np.sqrt(0.6) * shared + np.sqrt(0.4) * own
    log_prob = log_softmax(signal * seen + LOG_PRIOR, axis=1)
    images = pd.DataFrame({"image_id": np.arange(len(group)).astype(str), "group_id": group.astype(str)})
    return Predictions(images, CLASSES, y_true.astype(np.int64), NETWORKS[network](log_prob))


def main(num_simulations: int = 50) -> None:
    """Print the choices, and the mean log loss of test images before and after, by network and groups."""
    print(
        "| network | groups | chosen | log loss before | after | worse by more than 0.02 |\n|---|---|---|---|---|---|"
    )
    for network in NETWORKS:
        for num_groups in (12, 30, 60, 104, 300, 900):
            generator = np.random.default_rng(0)
            chosen: Counter[str] = Counter()
            losses = []
            for _ in range(num_simulations):
                signal = float(generator.choice([1.2, 2.0, 3.0]))
                val, test = (draw(generator, size, signal, network) for size in (num_groups, 1500))
                fitted = fit_best_calibration(val, "auto", prior_shift=LOG_PRIOR - LOG_PRIOR.mean())
                chosen[fitted.method] += 1
                after = test.logits * fitted.scale + fitted.shift
                losses.append([compute_image_losses(test.y_true, each).mean() for each in (test.logits, after)])
            before, after_it = np.transpose(losses)
            counts = ", ".join(f"{method} {count / num_simulations:.2f}" for method, count in chosen.most_common())
            worse = (after_it > before + 0.02).mean()
            row = (network, f"{num_groups}", counts, f"{before.mean():.3f}", f"{after_it.mean():.3f}", f"{worse:.2f}")
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
