"""Depthwise convolutions in bfloat16 on a CPU, with gradients that are computed in float32.

oneDNN's gradients of depthwise convolutions in bfloat16 are up to 90 times slower than those in float32 if the
stride is 2 or the kernel 5 × 5; if the stride is 1 and the kernel 3 × 3, bfloat16 takes 0.5 to 0.8 times as long
(torch 2.15, a Xeon with AMX). Forward, bfloat16 is always the faster one.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx
from torch.overrides import TorchFunctionMode

LARGEST_FAST_KERNEL = 3
"""Side in pixels of the largest kernel whose gradients, at a stride of 1, are fast in bfloat16."""


def speed_up_depthwise(device: torch.device, precision: torch.dtype) -> AbstractContextManager[object]:
    """Return a context for the forward pass, in which depthwise convolutions are fast on a device in a precision."""
    return DepthwiseGradients() if device.type == "cpu" and precision == torch.bfloat16 else nullcontext()


class DepthwiseGradients(TorchFunctionMode):
    """While it is active, depthwise convolutions get their gradients in float32; all others are as they were.

    Those with a stride of 1 and a kernel of at most 3 × 3, whose gradients are fast in bfloat16, keep theirs. It is
    meant for a forward pass under autocast to bfloat16 on a CPU.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call a function of torch, or its replacement."""
        if func is torch.conv2d:
            return _convolve(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _convolve(
    input: Tensor,  # noqa: A002 - the name in torch
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve as `torch.conv2d` does."""
    is_depthwise = groups > 1 and weight.shape[1] == 1
    is_fast = stride in (1, (1, 1)) and max(weight.shape[2:]) <= LARGEST_FAST_KERNEL
    if not is_depthwise or is_fast or isinstance(padding, str):
        return torch.conv2d(input, weight, bias, stride, padding, dilation, groups)
    pairs = [[size] * 2 if isinstance(size, int) else list(size) for size in (stride, padding, dilation)]
    output: Tensor = _Depthwise.apply(input.bfloat16(), weight, bias, *pairs, groups)
    return output


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, images: Tensor, weight: Tensor, bias: Tensor | None, *settings: Any) -> Tensor:
        ctx.save_for_backward(images, weight)
        ctx.bias_shape = None if bias is None else bias.shape  # type: ignore[attr-defined]
        ctx.settings = settings  # type: ignore[attr-defined]
        bias = None if bias is None else bias.bfloat16()
        return torch.conv2d(images, weight.bfloat16(), bias, *settings)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        images, weight = ctx.saved_tensors
        stride, padding, dilation, groups = ctx.settings
        gradients = torch.ops.aten.convolution_backward(
            gradient.float(),
            images.float(),
            weight.float(),
            ctx.bias_shape,
            stride,
            padding,
            dilation,
            False,
            [0, 0],
            groups,
            ctx.needs_input_grad[:3],
        )
        return (*gradients, None, None, None, None)
