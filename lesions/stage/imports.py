"""Following a stage's imports to every file and every third-party package that decides what it computes."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.stage.code import Code
from lesions.stage.package import NAME, SITE, SOURCE_SUFFIXES, check_installed, uses_installed

DISTRIBUTIONS = {
    "PIL": "pillow",
    "faiss": "faiss-cpu",
    "google": "protobuf",
    "ruamel": "ruamel-yaml",
    "sklearn": "scikit-learn",
}
"""The package that provides a module, if their names differ by more than capitals, dots and underscores."""

PINNED = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)", re.MULTILINE)

OWN_NETWORKS = Path("own_networks")
"""The folder of networks of one's own, which no file imports: a parameter names them."""

OF_ONE_MODEL = ("evaluate_robustness", "explain", "export", "predict", "train")
"""The stages that build the network of one model, which may be one of one's own."""

OF_ENSEMBLES = ("export",)
"""Those of them that build the networks of an ensemble too."""


def trace_stages(
    folder: Path,
    versions: Mapping[str, str],
    own_files: Mapping[str, str | None] | None = None,
    ensembles: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Code]:
    """Follow the imports of every stage in a folder, and return what each reaches, by the stage's name.

    A stage that builds the network of one model is followed once for each: `<stage>@<model>` also reaches what the
    model's own network imports, and `<stage>@<ensemble>` what those of all members do.

    Parameters
    ----------
    own_files
        The name of the file of each model's own network, without suffix; None for models that have another. Without
        any model, all stages are followed alike.
    ensembles
        The members of each ensemble; those that are no models have no network.

    Raises
    ------
    InputError
        If a file of a network of one's own is missing, if the installed package is not that of `lesions.lock`, or as
        in `Sources.trace_imports`.
    """
    check_installed(folder.parent)
    sources = Sources(folder.parent)
    traces = {}
    for stage in sorted(folder.glob("[!_]*.py")):
        if own_files and stage.stem in OF_ONE_MODEL:
            built: dict[str, Sequence[str]] = {model: [model] for model in own_files}
            built |= (ensembles or {}) if stage.stem in OF_ENSEMBLES else {}
            for name, members in built.items():
                named = [(model, own_files.get(model)) for model in members]
                own = [sources.find_own_network(model, file) for model, file in named if file]
                traces[f"{stage.stem}@{name}"] = sources.trace_imports([stage, *own], versions)
        else:
            traces[stage.stem] = sources.trace_imports([stage], versions)
    return traces


class Sources:
    """The files of a project, each of which is read once.

    Attributes
    ----------
    root
        The project's folder, in which its packages are; that of `lesions` may be installed elsewhere.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._site = SITE if uses_installed(root) else root
        self._imports: dict[Path, list[str]] = {}
        self._hashes: dict[Path, str] = {}

    def find_own_network(self, model: str, name: str) -> Path:
        """Return the file of a network of one's own; raise InputError, naming its model, if it is missing."""
        file = self.root / OWN_NETWORKS / f"{name}.py"
        if not file.is_file():
            raise InputError(
                f"architectures.{model}.backbone: there is no file {(OWN_NETWORKS / file.name).as_posix()}"
            )
        return file

    def trace_imports(self, starts: Sequence[Path], versions: Mapping[str, str]) -> Code:
        """Follow the imports of files through the project's own modules.

        Every import counts: at the top of a file, within a function, and for the type checker only. A module also
        reaches the `__init__.py` of its packages and the files in its folder that are not Python.

        Parameters
        ----------
        starts
            The stage's file, and others that it loads.
        versions
            The version of each package, from `read_versions`.

        Raises
        ------
        InputError
            If a file is not valid Python, or imports a package that has no version.
        """
        reached: set[Path] = set()
        packages: dict[str, str] = {}
        waiting = [file for start in starts for file in (start, *_list_inits(start, self._find_root(start)))]
        while waiting:
            file = waiting.pop()
            if file in reached:
                continue
            reached |= {file, *_list_files_beside(file)}
            for module in self._list_imports(file):
                top = module.partition(".")[0]
                root = self._site if top == NAME else self.root
                if (root / top).is_dir():
                    waiting += _find_module(module, root)
                elif top not in sys.stdlib_module_names:
                    name = normalise_name(DISTRIBUTIONS.get(top, top))
                    packages[name] = _find_version(name, versions, f"{self._name(file)}: imports {top}")
        files = {self._name(path): self._hash(path) for path in reached}
        return Code(dict(sorted(files.items())), dict(sorted(packages.items())))

    def _find_root(self, file: Path) -> Path:
        """Return the folder in which the package of a file is; an environment may lie in the project's folder."""
        return self._site if file.is_relative_to(self._site / NAME) else self.root

    def _name(self, file: Path) -> str:
        return file.relative_to(self._find_root(file)).as_posix()

    def _list_imports(self, file: Path) -> list[str]:
        if file not in self._imports:
            self._imports[file] = list(_list_imports(file, self._find_root(file)))
        return self._imports[file]

    def _hash(self, file: Path) -> str:
        if file not in self._hashes:
            self._hashes[file] = hash_file(file)
        return self._hashes[file]


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


def _find_version(name: str, versions: Mapping[str, str], imported: str) -> str:
    """Return the version of a package; if it has none, raise InputError, which begins with what imports it."""
    if name in versions:
        return versions[name]
    raise InputError(
        f"{imported}, but requirements.lock pins no package {name}; add it to pyproject.toml and run `make lock`, or "
        "name its package in DISTRIBUTIONS of lesions/stage/imports.py"
    )


def _list_imports(file: Path, root: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports; `from a import b` yields `a` and `a.b`, as b may be a module."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise InputError(
            f"{file.relative_to(root).as_posix()}, line {error.lineno}: not valid Python: {error.msg}"
        ) from error
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
