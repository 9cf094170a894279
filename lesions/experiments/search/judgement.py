"""Whether the best trial of a search is better than the parameters that it began with, beyond noise on validation."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr

from lesions.evaluation.bootstrap import resample_sums, sum_by_group
from lesions.evaluation.comparison import check_same_images
from lesions.evaluation.estimation import check_defined, measure_metrics
from lesions.evaluation.flattery import estimate_flattery
from lesions.evaluation.interval import Difference, Estimate, estimate_difference, estimate_score
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.reliability import compute_image_losses, estimate_proper_scores
from lesions.evaluation.verdict import spell_corrected_p, spell_interval, spell_number
from lesions.experiments.search.figures import OBJECTIVE_WORDS
from lesions.experiments.search.space import Objective
from lesions.tables.predictions import Predictions


@dataclass(frozen=True)
class Judgement:
    """The best of several trials beside the defaults, on the same validation images.

    Attributes
    ----------
    objective
        What they are compared by.
    best, default
        Their scores, with intervals.
    lead
        How much better the best is, positive if it is; its p-value is corrected after Bonferroni for all trials.
    flattery
        How far ahead the best of so many trials that are as good as the defaults would be by chance.
    num_trials
        The trials among which the best was chosen.
    """

    objective: Objective
    best: Estimate
    default: Estimate
    lead: Difference
    flattery: float
    num_trials: int

    def describe(self, best: str, default: str) -> str:
        """Say whether the best trial is better than the defaults beyond noise, by the names of both."""
        words = OBJECTIVE_WORDS[self.objective]
        p_value = spell_corrected_p(self.lead, "Bonferroni")
        about = f"{spell_interval(self.lead)}; {p_value} for {self.num_trials} trials"
        amount = spell_number(abs(self.lead.value))
        if self.lead.is_better and self.lead.low > 0:
            return f"{best} is better than {default} beyond noise on validation, by {amount} {words} ({about})."
        place = "ahead" if self.lead.value >= 0 else "behind"
        return (
            f"The validation images cannot tell {best} from {default}: it is {place} by {amount} {words} ({about}). "
            f"The best of {self.num_trials} trials that are as good as {default} would be ahead by about "
            f"{spell_number(self.flattery)} by chance."
        )


def judge_best(best: Predictions, default: Predictions, objective: Objective, *, num_trials: int) -> Judgement:
    """Compare the predictions of the best trial and of the defaults on the same resamples of validation groups.

    Raises
    ------
    InputError
        If they are of different images, or do not define the objective.
    """
    predictions = {"default": default, "best": best}
    check_same_images(predictions)
    if objective == "log_loss":
        measured = {name: measure_likelihood(each) for name, each in predictions.items()}
        scores = {name: estimate_proper_scores(each)["log_loss"] for name, each in predictions.items()}
        lead = estimate_unbounded_difference(measured["best"] - measured["default"])
    else:
        check_defined(default, objective, "the validation images")
        of_models = measure_metrics(predictions, seed=0, metrics=(objective,))
        measured = {name: of_model[objective] for name, of_model in of_models.items()}
        scores = {name: estimate_score(each) for name, each in measured.items()}
        lead = estimate_difference(measured["best"] - measured["default"])
    return Judgement(
        objective=objective,
        best=scores["best"],
        default=scores["default"],
        lead=replace(lead, p_holm=min(1.0, num_trials * lead.p_value)),
        flattery=estimate_flattery(measured, num_trials),
        num_trials=num_trials,
    )


def measure_likelihood(predictions: Predictions, *, seed: int = 0) -> Measurement:
    """Measure the mean log-likelihood of the true classes, which is the log loss with its sign reversed."""
    gains = -compute_image_losses(predictions.y_true, predictions.logits)
    group_id, value = predictions.images.group_id, float(gains.mean())
    sums, sizes = resample_sums(np.column_stack([gains, np.ones(len(gains))]), group_id, seed=seed)
    return Measurement(value, sums / sizes, sum_by_group((gains - value) / len(gains), group_id))


def estimate_unbounded_difference(measured: Measurement) -> Difference:
    """Put an interval around a difference that may be of any size, and test it."""
    value, error = measured.value, measured.standard_error
    p_value = 2 * float(stdtr(measured.degrees_of_freedom, -abs(value) / error)) if error else float(value == 0)
    return Difference(value, value - measured.reach, value + measured.reach, p_value, p_holm=p_value)
