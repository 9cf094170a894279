"""Recording what the modules of a network return while it runs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from torch import Tensor, nn

Kept = TypeVar("Kept")


@contextmanager
def record_outputs(
    modules: Mapping[str, nn.Module], keep: Callable[[Tensor], Kept | None]
) -> Iterator[list[tuple[str, Kept]]]:
    """Yield a list that gets what is kept of each output of some modules, with the module's name, as they return.

    Parameters
    ----------
    keep
        Returns what is kept of an output at once, because a later module may change it in place; None: nothing.
    """
    outputs: list[tuple[str, Kept]] = []

    def record(name: str, output: object) -> None:
        if isinstance(output, Tensor) and (kept := keep(output)) is not None:
            outputs.append((name, kept))

    handles = [
        module.register_forward_hook(lambda _module, _inputs, output, name=name: record(name, output))
        for name, module in modules.items()
    ]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
