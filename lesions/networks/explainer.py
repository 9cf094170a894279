"""Which places of an image speak for a class, for any network with feature maps."""

from typing import Literal

import torch
from torch import Tensor, nn

from lesions.networks.activation_maps import compute_maps, find_linear_head, find_mapped_module, has_places
from lesions.networks.classifier import Classifier
from lesions.networks.recording import record_outputs

Method = Literal["class activation maps", "Grad-CAM maps"]


class Explainer:
    """Computes the maps of a network: class activation maps where they are exact, otherwise Grad-CAM.

    Grad-CAM weighs the last feature maps by the mean gradient of a logit (Selvaraju et al. 2017, arXiv:1610.02391).

    Parameters
    ----------
    network
        In evaluation mode, on the CPU. Its modules are changed not to compute in place, which alters no output.
    size_px
        The side of its images.

    Attributes
    ----------
    method
        None if the network has no feature maps, as transformers have none; it then has no maps of places.
    """

    def __init__(self, network: Classifier, size_px: int) -> None:
        for module in network.modules():
            if hasattr(module, "inplace"):
                setattr(module, "inplace", False)  # noqa: B010, whose form mypy refuses
        self._network = network
        self._linear = find_linear_head(network.head)
        name = find_mapped_module(network.backbone, size_px) if self._linear else None
        self.method: Method | None = "class activation maps" if name else None
        if name is None:
            self._linear = None
            name = _find_last_map(network.backbone, size_px)
            self.method = "Grad-CAM maps" if name else None
        self._layer = network.backbone.get_submodule(name) if name else None

    def explain(self, images: Tensor, classes: Tensor) -> Tensor:
        """Return how much each place speaks for a class, (B, h, w) from 0 to 1; 0 where it does not, or against it.

        Parameters
        ----------
        images : (B, 3, H, W)
            Normalised.
        classes : (B,) int64
            The class of each image that is asked about.
        """
        if self._layer is None:
            raise ValueError("the network has no feature maps")
        if self._linear is None:
            from captum.attr import LayerGradCam  # loads matplotlib, which takes seconds

            cam = LayerGradCam(self._network, self._layer)
            maps = cam.attribute(images, target=classes, attr_dim_summation=True).detach()[:, 0]
        else:
            with torch.no_grad(), record_outputs({"": self._layer}, keep=lambda output: output) as outputs:
                self._network.backbone(images)
            maps = compute_maps(outputs[0][1], self._linear).detach()[torch.arange(len(classes)), classes]
        positive = maps.clamp(min=0)
        largest = positive.amax(dim=(1, 2), keepdim=True)
        return positive / torch.where(largest > 0, largest, torch.ones_like(largest))


@torch.no_grad()
def _find_last_map(backbone: nn.Module, size_px: int) -> str | None:
    """Return the name of the last module whose output (B, C, h, w) has several places; None if there is none."""

    def keep(output: Tensor) -> Tensor | None:
        return output if has_places(output) else None

    with record_outputs({name: module for name, module in backbone.named_modules() if name}, keep) as outputs:
        backbone(torch.zeros(1, 3, size_px, size_px))
    return outputs[-1][0] if outputs else None
