"""The licences of pretrained weights, by the names that timm uses: SPDX identifiers in small letters, and others."""

from lesions.errors import InputError
from lesions.networks.parameters import ArchitectureParameters, PretrainableParameters, TimmParameters
from lesions.networks.torchvision_backbone import find_weights

PERMISSIVE = ("0bsd", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "isc", "mit", "unlicense")
"""Licences that need no acceptance: they allow every use."""

TORCHVISION = "bsd-3-clause"
SWAG = "cc-by-nc-4.0"
UNKNOWN = "unknown"

LICENCE_BY_ADDRESS = {"https://github.com/facebookresearch/SWAG/blob/main/LICENSE": SWAG}
"""The licences of those weights for which torchvision gives an address instead of its own licence."""


def find_licence(architecture: ArchitectureParameters) -> str | None:
    """Return the licence of an architecture's pretrained weights, or None if it has none.

    The licence of a file for a torchvision network is known if the file is one of torchvision's, by its hash.

    Raises
    ------
    InputError
        If torchvision or timm has no such network, or timm not such weights.
    """
    if not isinstance(architecture, PretrainableParameters) or not architecture.has_pretrained_weights:
        return None
    if isinstance(architecture, TimmParameters):
        from lesions.networks.timm_weights import find_pretrained_cfg  # loads timm, which takes seconds

        return find_pretrained_cfg(architecture).license or UNKNOWN
    return _find_torchvision_licence(architecture.backbone, architecture.weights_sha256)


def check_licence(architecture: PretrainableParameters) -> None:
    """Refuse weights whose licence is not permissive and not accepted by name, and names that accept nothing.

    Raises
    ------
    InputError
        The message names the licence.
    """
    licence = find_licence(architecture)
    expected = () if licence in PERMISSIVE else (licence,)
    if architecture.accepted_licences == expected:
        return
    if expected and licence not in architecture.accepted_licences:
        reason = ""
        if licence == UNKNOWN and not isinstance(architecture, TimmParameters):
            reason = f" (weights_sha256 {architecture.weights_sha256} is that of none of torchvision's files)"
        raise InputError(
            f"the licence of the weights of {architecture.backbone} is {licence}{reason}, which may forbid what "
            "you mean to do with the model; read it, and set accepted_licences in the architecture's section to "
            f"[{licence}]"
        )
    raise InputError(
        f"accepted_licences of {architecture.backbone} are {', '.join(architecture.accepted_licences)}, but its "
        f"weights have the licence {licence}; set accepted_licences to [{', '.join(map(str, expected))}]"
    )


def _find_torchvision_licence(backbone: str, sha256: str | None) -> str:
    """Return the licence of torchvision's best weights, or of its file with a sha256."""
    found = find_weights(backbone, sha256)
    if found is None:
        return UNKNOWN
    address = found.meta.get("license")
    return TORCHVISION if address is None else LICENCE_BY_ADDRESS.get(address, UNKNOWN)
