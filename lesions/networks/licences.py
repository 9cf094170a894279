"""The licences of pretrained weights, by the names that timm uses: SPDX identifiers in small letters, and others."""

from pathlib import Path
from urllib.parse import urlparse

from lesions.errors import InputError
from lesions.networks.parameters import AnyArchitecture, PretrainableParameters, TimmParameters

PERMISSIVE = ("0bsd", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "isc", "mit", "unlicense")
"""Licences that need no acceptance: they allow every use."""

TORCHVISION = "bsd-3-clause"
UNKNOWN = "unknown"


def find_licence(architecture: AnyArchitecture) -> str | None:
    """Return the licence of an architecture's pretrained weights, or None if it has none.

    The licence of a file for a torchvision network is known if the file is one of torchvision's, by its hash.
    """
    if not isinstance(architecture, PretrainableParameters) or not architecture.has_pretrained_weights:
        return None
    if isinstance(architecture, TimmParameters):
        from lesions.networks.timm_weights import find_pretrained_cfg  # loads timm, which takes seconds

        return find_pretrained_cfg(architecture).license or UNKNOWN
    sha256 = architecture.weights_sha256
    return TORCHVISION if sha256 is None or _is_torchvisions(architecture.backbone, sha256) else UNKNOWN


def check_licence(architecture: TimmParameters) -> None:
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
        raise InputError(
            f"the licence of the weights of {architecture.backbone} is {licence}, which may forbid what you mean to "
            f"do with the model; read it, and set accepted_licences in the architecture's section to [{licence}]"
        )
    raise InputError(
        f"accepted_licences of {architecture.backbone} are {', '.join(architecture.accepted_licences)}, but its "
        f"weights have the licence {licence}; set accepted_licences to [{', '.join(map(str, expected))}]"
    )


def _is_torchvisions(backbone: str, sha256: str) -> bool:
    """Return whether a file is torchvision's, whose names end with the first digits of the sha256."""
    from torchvision import models  # loading it takes a second, which networks without it need not pay

    if backbone not in models.list_models(module=models):
        return False
    names = [Path(urlparse(weights.url).path).stem for weights in models.get_model_weights(backbone)]
    return any(sha256.startswith(name.rpartition("-")[2]) for name in names)
