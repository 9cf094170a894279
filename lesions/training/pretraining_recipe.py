"""How a backbone is pretrained: `data/pretraining/<model>.json`, which has no setting that only training uses.

A change of a loss or of a learning rate of training therefore repeats no pretraining.
"""

import json
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lesions.errors import InputError
from lesions.formats.atomic import write_text
from lesions.hardware.choices import PrecisionChoice
from lesions.networks.parameters import AnyArchitecture, PhaseParameters
from lesions.parameters.section import read_section
from lesions.parameters.strict import Section
from lesions.training.parameters import OptimizerParameters, PretrainingParameters
from lesions.training.recipe import Recipe

HIDDEN_WIDTH = 1024
PROJECTED_WIDTH = 256
"""Units of the hidden layer and of the output of BYOL's projector and predictor; Grill et al. have 4,096 and 256."""

OPTIMIZER = OptimizerParameters(name="adamw", momentum=None, weight_decay=0.01, l1=0, max_gradient_norm=None)
"""Of pretraining; Grill et al. use LARS, which is for batches of thousands."""

TARGET_DECAY = 0.99
"""Of the average whose projections are predicted; that of Grill et al. rises from 0.996 to 1 in many more steps."""


class PretrainingRecipe(Section):
    """How one backbone is pretrained.

    Attributes
    ----------
    architecture
        The backbone, with BYOL's projector as its head, and a phase in which all layers learn.
    pretraining
        The section `pretraining`.
    precision
        As in the model's section `training`.
    """

    architecture: AnyArchitecture
    pretraining: PretrainingParameters
    precision: PrecisionChoice


_WRITTEN = TypeAdapter(PretrainingRecipe | None)


def resolve_pretraining(params: Path, recipe: Recipe) -> PretrainingRecipe | None:
    """Return how a model's backbone is pretrained, or None if the model does not ask for it.

    Raises
    ------
    InputError
        If the section `pretraining` is missing or invalid.
    """
    if not recipe.architecture.is_pretrained_here:
        return None
    pretraining = read_section(params, "pretraining", PretrainingParameters)
    phase = PhaseParameters(
        name="pretraining",
        num_epochs=pretraining.num_epochs,
        layers="all",
        learning_rate_factor=1.0,
        backbone_factor=1.0,
    )
    projecting = {
        "head_widths": (HIDDEN_WIDTH,),
        "head_batch_norm": True,
        "dropout": 0.0,
        "learning_rate": pretraining.learning_rate,
        "layer_decay": 1.0,
        "phases": (phase,),
    }
    return PretrainingRecipe(
        architecture=recipe.architecture.model_copy(update=projecting),
        pretraining=pretraining,
        precision=recipe.training.precision,
    )


def write_pretraining(path: Path, recipe: PretrainingRecipe | None) -> None:
    """Write `data/pretraining/<model>.json`: null for a model that is not pretrained."""
    write_text(path, json.dumps(_WRITTEN.dump_python(recipe, mode="json"), sort_keys=True, indent=1) + "\n")


def read_pretraining(path: Path) -> PretrainingRecipe | None:
    """Read `data/pretraining/<model>.json`; raise InputError if it is missing or not from `write_pretraining`."""
    try:
        return _WRITTEN.validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file; run the stage resolve_recipes") from error
    except ValidationError as error:
        raise InputError(f"{path}: not what resolve_recipes writes; run that stage again") from error
