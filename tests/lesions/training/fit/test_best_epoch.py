"""The best epoch by validation is kept, and training stops when nothing gets better."""

from typing import Any

import pytest
import torch
from torch import nn

from lesions.networks.parameters import PhaseParameters
from lesions.training.epoch import Scores
from lesions.training.history import FittedNetwork
from tests.builders import PHASE, small_cnn
from tests.training import train_small


def scripted(
    qualities: list[float], monitor: str, phases: tuple[PhaseParameters, ...] | None = None, **changes: Any
) -> FittedNetwork:
    """Train with validation scores that are given in advance."""
    script = iter(qualities)
    seen: list[torch.Tensor] = []

    def validate(network: nn.Module) -> Scores:
        seen.append(network.state_dict()["head.1.weight"].clone())
        quality = next(script)
        return {"loss": quality, "balanced_accuracy": quality, "macro_f1": quality, "accuracy": 0, "weighted_f1": 0}

    architecture = small_cnn(phases=phases or (PHASE.model_copy(update={"num_epochs": len(qualities)}),))
    fitted = train_small(architecture=architecture, monitor=monitor, validate=validate, **changes)
    torch.testing.assert_close(fitted.weights["head.1.weight"], seen[fitted.best_epoch - 1], rtol=0, atol=0)
    return fitted


@pytest.mark.parametrize("average_decay", [None, 0.9])
@pytest.mark.parametrize(
    ("monitor", "best"), [("balanced_accuracy", 3), ("macro_recall", 3), ("macro_f1", 3), ("loss", 2)]
)
def test_the_best_epochs_weights_are_kept(monitor: str, best: int, average_decay: float | None) -> None:
    fitted = scripted([0.5, 0.4, 0.7, 0.6], monitor, average_decay=average_decay)
    assert fitted.best_epoch == best
    assert [entry["epoch"] for entry in fitted.history] == [1, 2, 3, 4]


def test_macro_recall_is_balanced_accuracy_by_another_name(capsys: pytest.CaptureFixture[str]) -> None:
    by_either = [train_small(monitor=monitor) for monitor in ("macro_recall", "balanced_accuracy")]
    assert by_either[0].history == by_either[1].history
    assert by_either[0].best_epoch == by_either[1].best_epoch
    scripted([0.5, 0.4, 0.3, 0.2], "macro_recall", patience_epochs=2)
    assert "stopped early: macro_recall has not improved for 2 epochs" in capsys.readouterr().out


def test_of_equal_epochs_the_first_is_kept() -> None:
    assert scripted([0.5, 0.7, 0.7], "macro_f1").best_epoch == 2


def test_patience_is_of_the_last_phase() -> None:
    # Epochs 1 to 4 go by without a better one, and the phase after them still has its own.
    first, last = (PHASE.model_copy(update={"num_epochs": number}) for number in (4, 5))
    fitted = scripted(
        [0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], "macro_f1", phases=(first, last), patience_epochs=2
    )
    assert len(fitted.history) == 7


def test_a_last_phase_that_gets_better_goes_on_though_an_earlier_phase_was_better_still() -> None:
    first, last = (PHASE.model_copy(update={"num_epochs": number}) for number in (1, 6))
    rising = scripted([0.55, 0.3, 0.35, 0.4, 0.45, 0.5, 0.8], "macro_f1", phases=(first, last), patience_epochs=3)
    assert len(rising.history) == rising.best_epoch == 7
    falling = scripted([0.55, 0.3, 0.35, 0.3, 0.3, 0.3, 0.8], "macro_f1", phases=(first, last), patience_epochs=3)
    assert len(falling.history) == 6
    assert falling.best_epoch == 1


def test_training_stops_when_nothing_gets_better() -> None:
    fitted = scripted([0.5, 0.7, 0.6, 0.6, 0.9], "macro_f1", patience_epochs=2)
    assert fitted.best_epoch == 2
    assert len(fitted.history) == 4


def test_on_a_plateau_of_the_monitored_metric_the_rate_falls() -> None:
    schedule = {"name": "plateau", "warmup_fraction": None, "every_epochs": 2, "factor": 0.1}
    fitted = scripted([0.5, 0.7, 0.6, 0.7, 0.9, 0.8], "macro_f1", schedule=schedule)
    rates = [entry["learning_rates"]["head"] for entry in fitted.history]
    assert rates == pytest.approx([0.01, 0.01, 0.01, 0.01, 0.001, 0.001])
    of_loss = scripted([0.5, 0.4, 0.3, 0.2, 0.1, 0.05], "loss", schedule=schedule)
    assert {entry["learning_rates"]["head"] for entry in of_loss.history} == {0.01}
