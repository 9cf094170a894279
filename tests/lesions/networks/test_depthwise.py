"""Depthwise convolutions in bfloat16 have the outputs of torch and the gradients of float32."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lesions.networks.depthwise import DepthwiseGradients, speed_up_depthwise

CPU = torch.device("cpu")


def run(convolution: nn.Conv2d, images: Tensor, gradient: Tensor, *, changed: bool) -> dict[str, Tensor | None]:
    """The output of a convolution in bfloat16, and the gradients for a gradient of the output."""
    convolution.zero_grad()
    images = images.clone().requires_grad_()
    context = speed_up_depthwise(CPU, torch.bfloat16 if changed else torch.float32)
    with torch.autocast("cpu", torch.bfloat16), context:
        output = convolution(images)
    output.backward(gradient.to(output.dtype))
    bias = None if convolution.bias is None else convolution.bias.grad
    return {"output": output.detach(), "images": images.grad, "weight": convolution.weight.grad, "bias": bias}


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 5, "padding": 2},
        {"kernel_size": 3, "padding": 1, "stride": 2, "bias": False},
        {"kernel_size": (5, 3), "padding": (2, 0), "stride": (2, 1), "dilation": (1, 2)},
    ],
)
def test_the_output_is_torchs_and_the_gradients_are_those_of_float32(settings: dict[str, Any]) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(8, 8, groups=8, **settings)
    images = torch.randn(2, 8, 16, 16).to(memory_format=torch.channels_last)
    plain = run(convolution, images, torch.ones(()).expand_as(convolution(images)), changed=False)
    gradient = torch.randn_like(plain["output"]).float()  # type: ignore[arg-type]
    given = run(convolution, images, gradient, changed=True)
    assert torch.equal(given["output"], plain["output"])  # type: ignore[arg-type]
    # By hand in float32, of the images as bfloat16 rounds them.
    rounded = images.bfloat16().float().requires_grad_()
    convolution.zero_grad()
    convolution(rounded).backward(gradient)
    torch.testing.assert_close(given["weight"], convolution.weight.grad)
    torch.testing.assert_close(given["images"], rounded.grad.bfloat16().float(), rtol=0.01, atol=1e-3)  # type: ignore[union-attr]
    if convolution.bias is not None:
        torch.testing.assert_close(given["bias"], convolution.bias.grad)


@pytest.mark.parametrize("groups", [1, 4, 8])  # 8: depthwise, and fast in bfloat16
def test_other_convolutions_are_as_they_were(groups: int) -> None:
    torch.manual_seed(0)
    convolution, images, gradient = (
        nn.Conv2d(8, 8, 3, groups=groups),
        torch.randn(2, 8, 9, 9),
        torch.randn(2, 8, 7, 7),
    )
    plain, given = (run(convolution, images, gradient, changed=changed) for changed in (False, True))
    for name, expected in plain.items():
        assert expected is not None
        assert torch.equal(given[name], expected), name  # type: ignore[arg-type]


def test_a_frozen_backbone_needs_no_gradient() -> None:
    convolution = nn.Conv2d(8, 8, 3, stride=2, groups=8).requires_grad_(False)
    with torch.autocast("cpu", torch.bfloat16), DepthwiseGradients():
        assert not convolution(torch.randn(2, 8, 9, 9)).requires_grad


@pytest.mark.parametrize(("device", "precision"), [("cpu", torch.float32), ("cuda", torch.bfloat16)])
def test_other_devices_and_precisions_are_left_alone(device: str, precision: torch.dtype) -> None:
    assert not isinstance(speed_up_depthwise(torch.device(device), precision), DepthwiseGradients)
