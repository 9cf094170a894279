"""PPV and NPV at another prevalence, by arithmetic and by simulation."""

import numpy as np
import pytest
from scipy.stats import beta

from lesions.evaluation.interval import Estimate
from lesions.evaluation.prevalence import estimate_predictive_values


def exact(hits: int, trials: int) -> Estimate:
    """Return a proportion with Clopper and Pearson's interval."""
    low = beta.ppf(0.025, hits, trials - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, trials - hits) if hits < trials else 1.0
    return Estimate(hits / trials, float(low), float(high))


@pytest.mark.parametrize(
    ("prevalence", "ppv"), [(0.195, 0.373), (0.1, 0.215), (0.05, 0.115), (0.02, 0.048), (0.01, 0.024)]
)
def test_ppv_falls_with_prevalence(prevalence: float, ppv: float) -> None:
    """A sensitivity of 0.95 with a PPV of 0.373 among 19.5 % malignant images means a specificity of 0.613."""
    sensitivity, specificity = Estimate(0.95, 0.92, 0.97), Estimate(0.6132, 0.58, 0.64)
    found = estimate_predictive_values(sensitivity, specificity, prevalence)
    assert found["ppv"].value == pytest.approx(ppv, abs=0.001)
    assert found["ppv"].low < found["ppv"].value < found["ppv"].high


def test_values_agree_with_fractions_worked_by_hand() -> None:
    """Of 1,000 images 100 are malignant: 80 are found; of 900 benign images 90 are called malignant."""
    found = estimate_predictive_values(Estimate(0.8, 0.7, 0.9), Estimate(0.9, 0.8, 0.95), 0.1)
    assert found["ppv"].value == pytest.approx(80 / 170)
    assert found["npv"].value == pytest.approx(810 / 830)


def test_without_false_alarms_the_lower_bound_is_that_of_the_upper_bound_of_alarms() -> None:
    """0 of 100 alarms may be 3.6 %, and with a sensitivity known to be 1, the PPV at 0.1 at least 0.75."""
    found = estimate_predictive_values(Estimate(1.0, 1.0, 1.0), exact(100, 100), 0.1)
    alarms = 1 - beta.ppf(0.025, 100, 1)
    assert found["ppv"].high == found["ppv"].value == 1
    assert found["ppv"].low == pytest.approx(0.1 / (0.1 + 0.9 * alarms))
    assert (found["npv"].low, found["npv"].value, found["npv"].high) == (1, 1, 1)


def test_a_value_is_omitted_if_nothing_is_called_so() -> None:
    assert set(estimate_predictive_values(exact(0, 20), exact(100, 100), 0.1)) == {"npv"}
    assert set(estimate_predictive_values(exact(20, 20), exact(0, 100), 0.1)) == {"ppv"}


def test_no_hit_at_all_has_an_upper_bound() -> None:
    found = estimate_predictive_values(exact(0, 20), exact(80, 100), 0.1)["ppv"]
    assert (found.low, found.value) == (0, 0)
    assert 0 < found.high < 0.15


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.95, 0.6), (0.9, 0.97), (0.6, 0.995)])
def test_the_intervals_contain_the_truth(sensitivity: float, specificity: float) -> None:
    generator = np.random.default_rng(0)
    prevalence = 0.02
    truth = prevalence * sensitivity / (prevalence * sensitivity + (1 - prevalence) * (1 - specificity))
    held = []
    for _ in range(500):
        hits, clear = generator.binomial(43, sensitivity), generator.binomial(183, specificity)
        found = estimate_predictive_values(exact(hits, 43), exact(clear, 183), prevalence)["ppv"]
        held.append(found.low <= truth <= found.high)
    assert np.mean(held) >= 0.935
