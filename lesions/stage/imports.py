"""Following a stage's imports to every file and every third-party package that decides what it computes."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.stage.code import Code

SOURCE_SUFFIXES = (".py", ".j2")
"""Files that count as code; `.dvcignore` hides all others in `lesions/` and `stages/` from DVC."""

DISTRIBUTIONS = {"PIL": "pillow", "faiss": "faiss-cpu", "ruamel": "ruamel-yaml", "sklearn": "scikit-learn"}
"""The package that provides a module, if their names differ by more than capitals, dots and underscores."""

PINNED = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)", re.MULTILINE)


def trace_imports(stage: Path, versions: dict[str, str]) -> Code:
    """Follow the imports of a stage through the project's own modules.

    Every import counts: at the top of a file, within a function, and for the type checker only. A module also reaches
    the `__init__.py` of its packages and the files in its folder that are not Python.

    Parameters
    ----------
    stage
        The stage's file, `stages/<stage>.py`, below the project's root.
    versions
        The version of each package, from `read_versions`.

    Raises
    ------
    InputError
        If a file is not valid Python, or imports a package that has no version.
    """
    root = stage.parent.parent
    reached: set[Path] = set()
    packages: dict[str, str] = {}
    waiting = [stage, *_list_inits(stage, root)]
    while waiting:
        file = waiting.pop()
        if file in reached:
            continue
        reached |= {file, *_list_files_beside(file)}
        for module in _list_imports(file, root):
            own = _find_module(module, root)
            top = module.partition(".")[0]
            if own or (root / top).is_dir():
                waiting += own
            elif top not in sys.stdlib_module_names:
                name = normalise_name(DISTRIBUTIONS.get(top, top))
                if name not in versions:
                    raise InputError(
                        f"{file.relative_to(root)}: imports {top}, but requirements.lock pins no package {name}; add "
                        "it to pyproject.toml and run `make lock`, or name its package in DISTRIBUTIONS of "
                        "lesions/stage/imports.py"
                    )
                packages[name] = versions[name]
    files = {path.relative_to(root).as_posix(): hash_file(path) for path in reached}
    return Code(dict(sorted(files.items())), dict(sorted(packages.items())))


def read_versions(lock: Path) -> dict[str, str]:
    """Read the version of each package that a lock file pins, by its normalised name.

    If the lock pins several versions of a package, each for some Pythons or systems, the result has all of them, so
    that it does not depend on the machine.

    Raises
    ------
    InputError
        If the file is missing or pins no package.
    """
    try:
        text = lock.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{lock}: there is no such file") from error
    versions: dict[str, set[str]] = defaultdict(set)
    for pin in PINNED.finditer(text):
        versions[normalise_name(pin["name"])].add(pin["version"])
    if not versions:
        raise InputError(f"{lock}: pins no package; expected lines that start with name==version")
    return {name: ", ".join(sorted(pinned)) for name, pinned in versions.items()}


def normalise_name(name: str) -> str:
    """Return the normalised name of a package, as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def list_stages(folder: Path) -> list[Path]:
    """Return the files of all stages, sorted by name."""
    return sorted(folder.glob("[!_]*.py"))


def _list_imports(file: Path, root: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports; `from a import b` yields `a` and `a.b`, as b may be a module."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise InputError(f"{file.relative_to(root)}, line {error.lineno}: not valid Python: {error.msg}") from error
    package = file.relative_to(root).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Each dot after the first goes up one package.
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *filter(None, [node.module])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _find_module(module: str, root: Path) -> list[Path]:
    """Return the file of a module of the project and the `__init__.py` of its packages; nothing for other modules."""
    path = root.joinpath(*module.split("."))
    file = path.with_name(f"{path.name}.py")
    if file.is_file():
        return [file, *_list_inits(file, root)]
    init = path / "__init__.py"
    return [init, *_list_inits(init, root)] if init.is_file() else []


def _list_inits(file: Path, root: Path) -> list[Path]:
    """Return the `__init__.py` of each package that contains a file, because importing the file runs them."""
    folders = file.relative_to(root).parents[:-1]
    return [root / folder / "__init__.py" for folder in folders if (root / folder / "__init__.py").is_file()]


def _list_files_beside(file: Path) -> list[Path]:
    """Return the files beside a module that are code but not Python, such as a page's template."""
    return [path for path in file.parent.iterdir() if path.suffix in SOURCE_SUFFIXES and path.suffix != ".py"]
