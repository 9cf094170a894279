"""What timm says of the pretrained weights of its networks: normalisation, input size, licence, repository."""

from difflib import get_close_matches

import timm
from timm.models import PretrainedCfg

from lesions.errors import InputError
from lesions.networks.parameters import HUB_WEIGHTS, TimmParameters

Channels = tuple[float, float, float]


def find_pretrained_cfg(architecture: TimmParameters) -> PretrainedCfg:
    """Return what timm says of an architecture's weights, or of the network's first ones if it has no weights.

    Raises
    ------
    InputError
        If timm has no such network or weights; if it has several weights, which may differ in mean, standard
        deviation and licence, and the backbone names none; if it does not know a repository of the hub.
    """
    tagged = list_tagged(architecture.name)
    if not architecture.has_pretrained_weights:
        return timm.get_pretrained_cfg(architecture.name) or PretrainedCfg()
    names = [name for name in tagged if architecture.name in (name, name.partition(".")[0])]
    possible = [cfg for name in names if (cfg := timm.get_pretrained_cfg(name)) is not None]
    if on_hub := HUB_WEIGHTS.fullmatch(architecture.weights):
        possible = [cfg for cfg in possible if cfg.hf_hub_id == on_hub["repository"]]
    if len(possible) != 1:
        what = f"in {on_hub['repository']}" if on_hub else "of a file"
        raise InputError(
            f"timm cannot say which mean, standard deviation and licence the weights {what} have for "
            f"{architecture.backbone}; set backbone to the name of these weights: {_list_some(tagged)}"
        )
    return possible[0]


def find_normalisation(architecture: TimmParameters) -> tuple[Channels, Channels]:
    """Return the mean and the standard deviation of each channel that an architecture's weights were trained with."""
    cfg = find_pretrained_cfg(architecture)
    return (cfg.mean[0], cfg.mean[1], cfg.mean[2]), (cfg.std[0], cfg.std[1], cfg.std[2])


def list_tagged(name: str) -> list[str]:
    """Return the names, with their tags, of all pretrained weights that timm has for a network.

    Parameters
    ----------
    name
        The network's name, with or without a tag.

    Raises
    ------
    InputError
        If timm has no such network, or not these weights of it.
    """
    network, _, tag = name.partition(".")
    known = timm.list_models()
    if network not in known:
        near = get_close_matches(network, known, n=5)
        raise InputError(f"timm has no network {network!r}" + (f"; similar are {', '.join(near)}" if near else ""))
    tagged = timm.list_pretrained(f"{network}.*")
    if tag and name not in tagged:
        raise InputError(f"timm has no weights {name!r}; it has {_list_some(tagged)}")
    return tagged


def _list_some(tagged: list[str]) -> str:
    return ", ".join(f"timm/{name}" for name in tagged) or "none"
