"""Networks of one's own: a function in a file of `own_networks/`, and nothing else that can be imported."""

import inspect
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from lesions.errors import InputError
from lesions.networks.parameters import OwnParameters
from lesions.stage.imports import OWN_NETWORKS


def build_own_backbone(architecture: OwnParameters) -> nn.Module:
    """Call the function that `backbone: own/<file>:<function>` names, without arguments.

    Raises
    ------
    InputError
        If there is no such file or no such function in it, if either raises an error, if the function does not return
        a network, or if that has lazy layers or shared tensors.
    """
    file = OWN_NETWORKS / f"{architecture.file}.py"
    if not file.is_file():
        raise InputError(f"{architecture.backbone}: there is no file {file}")
    try:
        module = _import_from_project(file)
    except (Exception, SystemExit) as error:
        raise InputError(f"{file} cannot be imported: {_describe(error, file)}") from error
    build = getattr(module, architecture.function, None)
    if not callable(build) or not _is_of(build, module):
        functions = inspect.getmembers(module, lambda each: inspect.isfunction(each) and _is_of(each, module))
        raise InputError(
            f"{architecture.backbone}: {file} defines no function {architecture.function}; "
            f"it defines {', '.join(name for name, _ in functions) or 'none'}"
        )
    try:
        with torch.device("cpu"):  # its code may use values, which tensors on the meta device do not have
            network = build()
    except (Exception, SystemExit) as error:
        raise InputError(f"{architecture.function} of {file} failed: {_describe(error, file)}") from error
    if not isinstance(network, nn.Module):
        raise InputError(
            f"{architecture.function} of {file} returned {type(network).__name__}, expected a torch.nn.Module"
        )
    _check_tensors(network, file)
    return network


def _import_from_project(file: Path) -> ModuleType:
    """Import a file of the project's folder, in which the program `lesions`, unlike a stage, does not look."""
    if (root := str(Path.cwd())) not in sys.path:
        sys.path.append(root)
    return import_module(".".join(file.with_suffix("").parts))


def _check_tensors(network: nn.Module, file: Path) -> None:
    """Refuse a network that has a tensor without a shape, or two tensors of a checkpoint that share memory."""
    name_by_memory: dict[int, str] = {}
    for name, tensor in network.state_dict(keep_vars=True).items():
        if not isinstance(tensor, Tensor):
            continue
        if is_lazy(tensor):
            raise InputError(f"{file}: {name} has no shape before the first image; give lazy layers their size")
        memory = tensor.untyped_storage().data_ptr()
        first = name_by_memory.setdefault(memory, name) if memory else name
        if first != name:
            raise InputError(
                f"{file}: {first} and {name} are one tensor, or parts of one; each tensor of a checkpoint may be in "
                "one place only"
            )


def _is_of(function: object, module: ModuleType) -> bool:
    """Return whether a module defines a function, and does not only import it."""
    return getattr(function, "__module__", None) == module.__name__


def _describe(error: BaseException, file: Path) -> str:
    """Return what an error says, and the last line of the file that led to it."""
    lines = [error.lineno] if isinstance(error, SyntaxError) else []
    trace = error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).name == file.name:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    where = f" (line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}{where}"
