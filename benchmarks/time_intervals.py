"""Time the intervals of all headline metrics against a loop of scikit-learn's metrics over the same resamples.

    python -m benchmarks.time_intervals

The data are 2,000 test images of about 1,500 lesions, with seven diagnoses as frequent as in HAM10000, and 2,000
resamples of lesions. The loop is the straightforward method: it scores the images of each resample again. A ratio is
printed only if the standard errors of both agree within 1 %.
"""

import time

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.simulate_coverage import HAM10000, Population
from lesions.evaluation.bootstrap import draw_resamples
from lesions.evaluation.estimation import measure_metrics
from lesions.evaluation.interval import estimate_score
from lesions.evaluation.scores import score_predictions
from lesions.tables.predictions import Predictions

NUM_IMAGES, NUM_GROUPS = 2000, 1500
NUM_THREADS = 2
NUM_ROUNDS = 3
MAX_DIFFERENCE = 0.01


def main() -> None:
    """Time both in turns, and print the median times and their ratio."""
    drawn = Population(HAM10000, NUM_IMAGES / NUM_GROUPS, 0.7, 2.0).draw(NUM_IMAGES, np.random.default_rng(0))
    kept = slice(NUM_IMAGES)
    images = pd.DataFrame({"image_id": range(NUM_IMAGES), "group_id": drawn.group[kept], "split": "test"})
    classes = tuple(map(str, range(len(HAM10000))))
    predictions = Predictions(images, classes, drawn.y_true[kept], np.log(drawn.y_prob[kept]))
    ours_s, loop_s = [], []
    with threadpool_limits(NUM_THREADS):
        for _ in range(NUM_ROUNDS):
            start = time.perf_counter()
            (measured,) = measure_metrics({"model": predictions}, seed=0).values()
            estimates = {metric: estimate_score(measurement) for metric, measurement in measured.items()}
            ours_s.append(time.perf_counter() - start)
            start = time.perf_counter()
            errors = score_in_a_loop(predictions)
            loop_s.append(time.perf_counter() - start)
    for metric, estimate in estimates.items():
        print(f"{metric}: {estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})")
    ours, theirs = np.median(ours_s), np.median(loop_s)
    print(f"{images.group_id.nunique():,} groups, {NUM_IMAGES:,} images: {ours:.2f} s, the loop {theirs:.1f} s")
    apart = max(abs(measured[metric].resamples.std() / error - 1) for metric, error in errors.items())
    print(
        f"{theirs / ours:.0f} times as fast" if apart < MAX_DIFFERENCE else f"standard errors differ by {apart:.1%}"
    )


def score_in_a_loop(predictions: Predictions) -> dict[str, float]:
    """Return the standard error of each metric, scored by scikit-learn on each resample of groups."""
    scores = []
    for counts in draw_resamples(predictions.images.group_id, seed=0):
        for column in counts.T:
            drawn = np.repeat(np.arange(len(column)), column.astype(int))
            scores.append(score_predictions(predictions.y_true[drawn], predictions.y_prob[drawn]))
    return {str(metric): float(error) for metric, error in pd.DataFrame(scores).std(ddof=0).items()}


if __name__ == "__main__":
    main()
