"""The layers of a backbone, from its input to its output, and which of them a phase of training changes."""

from collections.abc import Iterator

from torch import nn

from lesions.errors import InputError
from lesions.networks.parameters import AnyArchitecture, PhaseParameters

LARGEST_LAYER = 0.8
"""Fraction of a backbone's parameters; a module that holds more is not one layer but a container of layers."""

Layer = tuple[str, list[nn.Parameter]]
"""The name of a layer in its backbone, and its parameters."""


def list_layers(backbone: nn.Module) -> list[Layer]:
    """List the name and the parameters of each layer of a backbone, from its input to its output.

    The layers are the backbone's child modules; a child that holds more than `LARGEST_LAYER` of all parameters is
    replaced by its own children. ResNet-18 has the layers `conv1`, `bn1` and `layer1` to `layer4`; the layers of the
    custom CNN and of a transformer are their blocks. Parameters outside any child belong to the layer after them.
    Networks of timm say themselves what their layers are.
    """
    if hasattr(backbone, "group_matcher"):
        from lesions.networks.timm_backbone import list_timm_layers  # loads timm, which takes seconds

        return list_timm_layers(backbone)
    most = LARGEST_LAYER * sum(parameter.numel() for parameter in backbone.parameters())
    return list(_split(backbone, "", most))


def list_learning_layers(backbone: nn.Module, phase: PhaseParameters) -> list[Layer]:
    """List the layers of a backbone that learn in a phase: none, all, or the last ones."""
    if phase.layers == "head":
        return []
    layers = list_layers(backbone)
    return layers if phase.layers == "all" else layers[-phase.layers :]


def set_train_mode(backbone: nn.Module, phase: PhaseParameters) -> None:
    """Put the modules whose parameters all learn in a phase into training mode, and the others into evaluation mode.

    A module without parameters, such as dropout, has the mode of the module that it is part of.
    """
    backbone.train(phase.layers == "all")
    learning = {id(parameter) for _, layer in list_learning_layers(backbone, phase) for parameter in layer}
    for module in backbone.modules():
        own = {id(parameter) for parameter in module.parameters()}
        if own and own <= learning:
            module.train()


def check_phases(backbone: nn.Module, architecture: AnyArchitecture) -> None:
    """Refuse a phase whose number of layers is not smaller than that of the backbone, of which all would learn.

    Raises
    ------
    InputError
        If there is such a phase. The message lists the layers.
    """
    names = [name for name, _ in list_layers(backbone)]
    for phase in architecture.phases:
        if isinstance(phase.layers, int) and phase.layers >= len(names):
            raise InputError(
                f"the phase {phase.name} has layers {phase.layers}, but the backbone {architecture.backbone} has "
                f"only {len(names)} ({', '.join(names)}); set its layers to all, or to a smaller number"
            )


def _split(module: nn.Module, name: str, most: float) -> Iterator[Layer]:
    """Yield the layers of a module: the module itself if it is small enough, else those of its children."""
    parameters = list(module.parameters())
    parts = [(part_name, part) for part_name, part in module.named_children() if list(part.parameters())]
    if not parts or (name and sum(parameter.numel() for parameter in parameters) <= most):
        yield name or "backbone", parameters
        return
    own = list(module.parameters(recurse=False))
    for part_name, part in parts:
        for layer_name, layer in _split(part, f"{name}.{part_name}".removeprefix("."), most):
            yield layer_name, own + layer
            own = []
