"""From where a repository of one's own takes the package: as it was installed here (PEP 610)."""

import json
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lesions.stage.package import NAME

REQUIREMENTS = "requirements.txt"

WHEELS = "wheels"
"""The folder of the repository for a wheel that no index has."""

EXTRA = f"{NAME}[train]"


@dataclass(frozen=True)
class Requirement:
    """What `uv pip install` is told.

    Attributes
    ----------
    text
        The content of `requirements.txt`.
    wheel
        The file of the wheel, of which the repository gets a copy, because nobody else has it; None: it needs none.
    doubt
        What another machine cannot do, in words; None: nothing.
    """

    text: str
    wheel: Path | None = None
    doubt: str | None = None

    @property
    def wheel_name(self) -> str:
        """The path of the copy of the wheel in the repository."""
        assert self.wheel
        return f"{WHEELS}/{self.wheel.name}"


def find_requirement() -> Requirement:
    """Return from where the package was installed here."""
    installed = distribution(NAME)
    origin = installed.read_text("direct_url.json")
    return read_origin(json.loads(origin) if origin else None, installed.version)


def read_origin(origin: dict[str, Any] | None, version: str) -> Requirement:
    """Return the requirement for what an installer has noted; without a note it came from an index."""
    if origin is None:
        return Requirement(f"{EXTRA}=={version}\n")
    url, parts = str(origin["url"]), urlsplit(str(origin["url"]))
    if vcs := origin.get("vcs_info"):
        return Requirement(f"{EXTRA} @ {vcs['vcs']}+{url}@{vcs['commit_id']}\n")
    if parts.scheme != "file":
        return Requirement(f"{EXTRA} @ {url}\n")
    path = Path(url2pathname(parts.path))
    if path.suffix == ".whl" and path.is_file():
        return Requirement(f"{EXTRA} @ ./{WHEELS}/{path.name}\n", wheel=path)
    return Requirement(
        f"{EXTRA}=={version}\n",
        doubt=f"{REQUIREMENTS}: lesions was installed from {path}, which other machines do not have; write there "
        "from where they can install it, or build a wheel, install that and run `lesions update`",
    )
