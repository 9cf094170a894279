"""How often the calibration error of calibrated probabilities lies in the range that is printed beside it.

    python -m benchmarks.simulate_calibration_error --num-simulations 100

Compared are labels that alike images of a group share, as they are drawn, and labels drawn for each image alone. It
takes some minutes.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import typer
from scipy.special import log_softmax

from benchmarks.simulate_calibration import CLASSES, LOG_PRIOR, SIZES
from lesions.evaluation.reliability import estimate_chance_error, score_reliability
from lesions.tables.predictions import Predictions


def draw(generator: np.random.Generator, num_groups: int, signal: float) -> Predictions:
    """Draw groups of one diagnosis each, with the true probabilities of their images."""
    group = np.repeat(
        np.arange(num_groups), generator.choice(SIZES, size=num_groups, p=(1 / SIZES) / (1 / SIZES).sum())
    )
    y_true = generator.choice(len(CLASSES), size=num_groups, p=np.exp(LOG_PRIOR))[group]
    shared, own = (generator.normal(size=(size, len(CLASSES))) for size in (num_groups, len(group)))
    seen = signal * np.eye(len(CLASSES))[y_true] + np.sqrt(0.6) * shared[group] + np.sqrt(0.4) * own
    images = pd.DataFrame({"image_id": np.arange(len(group)).astype(str), "group_id": group.astype(str)})
    return Predictions(images, CLASSES, y_true, log_softmax(signal * seen + LOG_PRIOR, axis=1))


def main(num_simulations: int = 100) -> None:
    """Print the part of test sets whose error is in either range, by groups and strength of the network."""
    print("| groups | signal | mean error | labels shared | labels of each image alone |\n|---|---|---|---|---|")
    for num_groups in (30, 104, 300):
        for signal in (1.2, 2.0, 3.0):
            generator = np.random.default_rng(0)
            errors, inside = [], []
            for seed in range(num_simulations):
                predictions = draw(generator, num_groups, signal)
                alone = replace(predictions, images=predictions.images.assign(group_id=predictions.images.image_id))
                error = score_reliability(predictions.y_true, predictions.logits)["expected_calibration_error"]
                ranges = [estimate_chance_error(each, seed=seed) for each in (predictions, alone)]
                errors.append(error)
                inside.append([one.low <= error <= one.high for one in ranges])
            shared, of_each = np.mean(inside, axis=0)
            print(f"| {num_groups} | {signal} | {np.mean(errors):.3f} | {shared:.2f} | {of_each:.2f} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
