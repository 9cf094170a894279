"""The area under the ROC curve of each class against the rest, with its interval over groups."""

import numpy as np
from numpy.typing import NDArray

from lesions.evaluation.bootstrap import draw_resamples, sum_by_group
from lesions.evaluation.curves import one_against_rest
from lesions.evaluation.evidence import weigh_area
from lesions.evaluation.influence import compute_area_influences
from lesions.evaluation.interval import Estimate, estimate_score
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.resampled_scores import score_ranking
from lesions.tables.predictions import Predictions


def estimate_class_areas(predictions: Predictions, *, seed: int = 0) -> dict[str, Estimate]:
    """Return the area of each class that has some but not all images, with its 95 % interval.

    The interval is made like that of the macro ROC AUC, of which the area is a part.
    """
    group_id = predictions.images.group_id
    sides = {name: (truth, probability) for name, truth, probability in one_against_rest(predictions)}
    blocks: dict[str, list[NDArray[np.float64]]] = {name: [] for name in sides}
    for counts in draw_resamples(group_id, seed=seed):
        for name, (truth, probability) in sides.items():
            blocks[name].append(score_ranking(truth, probability, counts)[0])
    estimates = {}
    for name, (truth, probability) in sides.items():
        area, of_images = compute_area_influences(truth, probability)
        influences = sum_by_group(of_images, group_id)
        evidence = weigh_area(area, truth, group_id, influences=influences)
        estimates[name] = estimate_score(Measurement(area, np.concatenate(blocks[name]), influences, (), evidence))
    return estimates
