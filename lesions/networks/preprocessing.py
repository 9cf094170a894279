"""The size and normalisation of the images that a network is built for."""

from lesions.networks.parameters import AnyArchitecture, TimmParameters
from lesions.transforms.preprocessing import Preprocessing

UNIT_MEAN = (0.0, 0.0, 0.0)
UNIT_STD = (1.0, 1.0, 1.0)


def build_preprocessing(architecture: AnyArchitecture) -> Preprocessing:
    """Build the preprocessing of a network that is to be trained; a trained one has its own in its checkpoint.

    Unless the architecture says otherwise, the mean and standard deviation are those that its pretrained weights were
    trained with, and without such weights ImageNet's.

    Raises
    ------
    InputError
        If timm has no such network or weights.
    """
    if architecture.normalisation == "unit":
        return Preprocessing(architecture.size_px, UNIT_MEAN, UNIT_STD)
    if isinstance(architecture, TimmParameters) and architecture.has_pretrained_weights:
        from lesions.networks.timm_weights import find_normalisation  # loads timm, which takes seconds

        return Preprocessing(architecture.size_px, *find_normalisation(architecture))
    return Preprocessing(architecture.size_px)
