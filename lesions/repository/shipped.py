"""What a repository of one's own has from the package: the pipeline, its presets, and the files for CI."""

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Literal, get_args

from lesions.errors import InputError
from lesions.parameters.merging import is_section, merge_sections
from lesions.parameters.overlay import render_parameters
from lesions.parameters.section import parse_parameters
from lesions.repository.requirement import REQUIREMENTS, Requirement
from lesions.stage.package import LOCK, SHIPPED, SITE

Ci = Literal["github", "gitlab", "none"]

CI_FILES: dict[str, str] = {"github": ".github/workflows/ci.yml", "gitlab": ".gitlab-ci.yml"}
"""The file of each service, by the name of its template without suffix."""

OF_CHECKOUT, OF_PACKAGE = "deps: [lesions, stages,", f"deps: [{LOCK}, stages,"
"""What `trace_code` depends on: in a repository of one's own the lock stands for the code of the package."""

DEFAULTS = "presets/default.yaml"

TEMPLATES = Path(__file__).with_name("templates")


def list_shipped(requirement: Requirement, ci: Ci) -> dict[str, bytes]:
    """Return the content of each file that the package brings into a repository, by its path there.

    Parameters
    ----------
    requirement
        From where the repository takes the package.
    ci
        The service whose file is among them.
    """
    files = _read_pipeline()
    definitions = files["dvc.yaml"].decode()
    assert definitions.count(OF_CHECKOUT) == 1
    files["dvc.yaml"] = definitions.replace(OF_CHECKOUT, OF_PACKAGE).encode()
    files[DEFAULTS] = _leave_out_floors(files[DEFAULTS])
    files[REQUIREMENTS] = requirement.text.encode()
    if requirement.wheel:
        files[requirement.wheel_name] = requirement.wheel.read_bytes()
    if ci in CI_FILES:
        files[CI_FILES[ci]] = (TEMPLATES / f"{ci}.yml").read_bytes()
    return dict(sorted(files.items()))


def recognise_ci(files: Collection[str]) -> Ci:
    """Return the service whose file is among those that the package brought."""
    return next((ci for ci in get_args(Ci) if CI_FILES.get(ci) in files), "none")


def _leave_out_floors(defaults: bytes) -> bytes:
    """Return the defaults without the floors of the gate, which are those of the embedded dataset."""
    sections = parse_parameters(defaults, DEFAULTS)
    floors = {name: {"floor": None} for name, rule in sections["gate"].items() if is_section(rule)}
    return render_parameters(merge_sections(sections, {"gate": floors}, sections), defaults.decode("utf-8")).encode()


def _read_pipeline() -> dict[str, bytes]:
    """Read the files from the wheel, or from the checkout of an editable install."""
    packed = SITE / SHIPPED
    if packed.is_dir():
        folder, patterns = packed, ["**/*"]
    else:
        folder, patterns = SITE, _read_patterns(SITE / "pyproject.toml")
    paths = [path for pattern in patterns for path in folder.glob(pattern) if path.is_file()]
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    if "dvc.yaml" not in files:
        raise InputError(f"{folder}: has no pipeline; install lesions from its wheel, or editable from a checkout")
    return files


def _read_patterns(pyproject: Path) -> list[str]:
    """Return the patterns by which hatch_build.py packs them; none outside a checkout."""
    if not pyproject.is_file():
        return []
    targets = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    patterns: list[str] = targets["wheel"]["hooks"]["custom"]["patterns"]
    return patterns
