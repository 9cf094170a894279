"""Batch norm over the whole batch, of which each process has a share.

torch's own `SyncBatchNorm` computes on a GPU alone (torch 2.15), and replaces modules that a network of timm or of
one's own may have changed. This one computes on any device, and replaces the function that all of them call.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from lesions.hardware.exchange import add_up
from lesions.hardware.processes import Processes


def join_batch_norm(processes: Processes, *, synchronised: bool) -> AbstractContextManager[object]:
    """Return a context for the forward pass, in which batch norm has the statistics of the whole batch."""
    return JoinedBatchNorm(processes) if synchronised and not processes.is_alone else nullcontext()


class JoinedBatchNorm(TorchFunctionMode):
    """While it is active, batch norm that learns its statistics takes them from the shares of all processes."""

    def __init__(self, processes: Processes) -> None:
        super().__init__()
        self._processes = processes

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call a function of torch, or its replacement."""
        if func is F.batch_norm:
            return self._normalise(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _normalise(
        self,
        input: Tensor,  # noqa: A002 - the name in torch
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        """Normalise as `torch.nn.functional.batch_norm` does."""
        if not training:
            return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
        channels = input.shape[1]
        exact = torch.promote_types(input.dtype, torch.float32)
        weight = torch.ones(channels, dtype=exact, device=input.device) if weight is None else weight
        bias = torch.zeros(channels, dtype=exact, device=input.device) if bias is None else bias
        output, mean, variance, count = _Normalise.apply(input, weight, bias, eps, self._processes)
        with torch.no_grad():
            if running_mean is not None:
                running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            if running_var is not None:
                running_var.lerp_((variance * count / (count - 1)).to(running_var.dtype), momentum)
        return torch.as_tensor(output)


class _Normalise(torch.autograd.Function):
    """y = weight (x - mean) / sqrt(variance + eps) + bias, per channel; the statistics are over all processes."""

    @staticmethod
    def forward(
        ctx: Any, images: Tensor, weight: Tensor, bias: Tensor, eps: float, processes: Processes
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        own_count = images.numel() // images.shape[1]
        means, variances = torch.zeros_like(weight), torch.ones_like(weight)  # (C,)
        # With a momentum of 1 they become those of this share; torch.var_mean takes several times as long.
        F.batch_norm(images, means, variances, training=True, momentum=1.0)
        variances *= (own_count - 1) / own_count
        counts = torch.full_like(means, own_count)
        # Each process's own statistics, from which those of all follow without the cancellation of sums of squares.
        shares = means.new_zeros(processes.number, 3, len(means))
        shares[processes.rank] = torch.stack([means, variances, counts])
        add_up(processes, [shares])
        means, variances, counts = shares.unbind(dim=1)  # (P, C)
        count = counts.sum(dim=0)
        mean = (counts * means).sum(dim=0) / count
        variance = (counts * (variances + (means - mean) ** 2)).sum(dim=0) / count
        ctx.save_for_backward(images, weight, mean, variance, count)
        ctx.eps, ctx.processes = eps, processes
        output = F.batch_norm(images, mean, variance, weight, bias, False, 0.0, eps)
        ctx.mark_non_differentiable(mean, variance, count)
        return output, mean, variance, count

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        images, weight, mean, variance, count = ctx.saved_tensors
        # As if the statistics were constants; the second and third are sums over this process's share, (C,).
        of_images, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, images, weight, mean, variance, None, None, False, ctx.eps, [True, True, True]
        )
        sums = torch.stack([of_weight, of_bias])
        add_up(ctx.processes, [sums])
        through_variance, through_mean = (sums / count).unbind()  # (C,)
        # What flows through the statistics is weight / deviation (through_mean + normalised image through_variance).
        scale = (variance + ctx.eps).rsqrt()
        slope = weight * scale * scale * through_variance
        offset = weight * scale * through_mean - slope * mean
        slope, offset = (row.view(1, -1, *(1 for _ in images.shape[2:])) for row in (slope, offset))
        of_images = of_images - torch.addcmul(offset, slope, images)
        return of_images.to(images.dtype), of_weight, of_bias, None, None
