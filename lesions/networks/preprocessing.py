"""The size and normalisation of the images that a network is built for."""

from lesions.networks.parameters import AnyArchitecture
from lesions.transforms.preprocessing import Preprocessing

UNIT_MEAN = (0.0, 0.0, 0.0)
UNIT_STD = (1.0, 1.0, 1.0)


def build_preprocessing(architecture: AnyArchitecture) -> Preprocessing:
    """Build the preprocessing of a network that is to be trained; a trained one has its own in its checkpoint."""
    if architecture.normalisation == "unit":
        return Preprocessing(architecture.size_px, UNIT_MEAN, UNIT_STD)
    return Preprocessing(architecture.size_px)
