"""How fast parameters learn at each step of a phase."""

from typing import Any

import pytest
from pydantic import ValidationError
from torch import nn, optim

from lesions.training.parameters import ScheduleParameters
from lesions.training.schedule import COSINE_FINAL, compute_rates, count_plateaus
from tests.training import SCHEDULE


def rates_of_phase(
    num_epochs: int, num_steps: int, qualities: list[float] | None = None, **changes: Any
) -> list[float]:
    parameters = ScheduleParameters(**SCHEDULE | changes)
    qualities = qualities or [0.0] * num_epochs
    return [
        rate
        for epoch in range(num_epochs)
        for rate in compute_rates(
            parameters, epoch, num_epochs=num_epochs, num_steps=num_steps, qualities=qualities[:epoch]
        )
    ]


def rates_of_torch(num_steps: int, build: Any) -> list[float]:
    """The rates that a scheduler of torch gives to a peak of 1."""
    optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    scheduler = build(optimizer)
    rates = []
    for _ in range(num_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < num_steps:
            scheduler.step()
    return rates


def test_the_cosine_schedule_rises_linearly_and_falls_as_a_cosine() -> None:
    rates = rates_of_phase(3, 3, warmup_fraction=0.4)
    # 0.4 of 9 steps are 4 of warm-up, at fifths of the peak; 5 steps of half a cosine follow.
    middle = (1 + COSINE_FINAL) / 2
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert rates[6] == pytest.approx(middle)
    assert rates[8] == pytest.approx(COSINE_FINAL)
    assert rates[5] + rates[7] == pytest.approx(2 * middle)


def test_the_cosine_schedule_without_warm_up_equals_torchs() -> None:
    expected = rates_of_torch(
        12, lambda optimizer: optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=11, eta_min=COSINE_FINAL)
    )
    assert rates_of_phase(4, 3, warmup_fraction=0.0) == pytest.approx(expected)


@pytest.mark.parametrize("changes", [{"warmup_fraction": 0.0}, {"name": "one_cycle", "warmup_fraction": 0.3}])
def test_a_single_step_is_at_the_peak(changes: dict[str, Any]) -> None:
    assert rates_of_phase(1, 1, **changes) == [1]


@pytest.mark.parametrize("warmup_fraction", [0.1, 0.25, 0.3, 0.8])
def test_one_cycle_equals_torchs(warmup_fraction: float) -> None:
    expected = rates_of_torch(
        20,
        lambda optimizer: optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=1.0, total_steps=20, pct_start=warmup_fraction, cycle_momentum=False
        ),
    )
    assert rates_of_phase(5, 4, name="one_cycle", warmup_fraction=warmup_fraction) == pytest.approx(expected)


NO_WARM_UP: dict[str, Any] = {"warmup_fraction": None}


def test_the_step_schedule_drops_at_a_fixed_interval() -> None:
    rates = rates_of_phase(5, 2, name="step", every_epochs=2, factor=0.1, **NO_WARM_UP)
    assert rates == pytest.approx([1] * 4 + [0.1] * 4 + [0.01] * 2)


def test_the_constant_schedule_stays_at_the_peak() -> None:
    assert rates_of_phase(2, 3, name="constant", **NO_WARM_UP) == [1] * 6


@pytest.mark.parametrize("every_epochs", [1, 2, 3])
def test_the_plateau_schedule_equals_torchs(every_epochs: int) -> None:
    qualities = [0.5, 0.6, 0.6, 0.55, 0.7, 0.7, 0.7, 0.69, 0.68, 0.8, 0.1, 0.2, 0.3]
    optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    # torch's patience counts the epochs that are borne, and the fall comes after one more.
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode="max", factor=0.5, patience=every_epochs - 1, threshold=0.0
    )
    expected = []
    for quality in qualities:
        expected.append(optimizer.param_groups[0]["lr"])
        scheduler.step(quality)
    found = rates_of_phase(
        len(qualities), 1, qualities, name="plateau", every_epochs=every_epochs, factor=0.5, **NO_WARM_UP
    )
    assert found == pytest.approx(expected)
    assert expected[-1] < 1


def test_there_is_no_plateau_before_the_first_epoch() -> None:
    assert count_plateaus([], 1) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"warmup_fraction": None}, "warmup_fraction belongs to the names cosine and one_cycle; got cosine,"),
        ({"name": "constant"}, "warmup_fraction belongs to the names cosine and one_cycle; got constant,"),
        ({"every_epochs": 3}, "every_epochs belongs to the names step and plateau; got cosine, every_epochs 3"),
        ({"factor": 0.1}, "factor belongs to the names step and plateau; got cosine, factor 0.1"),
        ({"name": "step", "every_epochs": 1} | NO_WARM_UP, "factor belongs to the names step and plateau; got step"),
    ],
)
def test_an_unused_or_missing_parameter_of_a_schedule_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ScheduleParameters(**SCHEDULE | changes)
