"""The size and normalisation of the images that a network is built for."""

from lesions.networks.parameters import AnyArchitecture, PretrainableParameters, TimmParameters
from lesions.networks.torchvision_backbone import find_weights
from lesions.transforms.preprocessing import Preprocessing

UNIT_MEAN = (0.0, 0.0, 0.0)
UNIT_STD = (1.0, 1.0, 1.0)


def build_preprocessing(architecture: AnyArchitecture) -> Preprocessing:
    """Build the preprocessing of a network that is to be trained; a trained one has its own in its checkpoint.

    Unless the architecture says otherwise, the mean and standard deviation are those that its pretrained weights were
    trained with. Without such weights they are ImageNet's, and so they are with a file that is none of torchvision's.

    Raises
    ------
    InputError
        If torchvision or timm has no such network, or timm no such weights.
    """
    size_px = architecture.size_px
    if architecture.normalisation == "unit":
        return Preprocessing(size_px, UNIT_MEAN, UNIT_STD)
    if not isinstance(architecture, PretrainableParameters) or not architecture.has_pretrained_weights:
        return Preprocessing(size_px)
    if isinstance(architecture, TimmParameters):
        from lesions.networks.timm_weights import find_normalisation  # loads timm, which takes seconds

        return Preprocessing(size_px, *find_normalisation(architecture))
    weights = find_weights(architecture.backbone, architecture.weights_sha256)
    if weights is None:
        return Preprocessing(size_px)
    transforms = weights.transforms()
    return Preprocessing(size_px, tuple(transforms.mean), tuple(transforms.std))
