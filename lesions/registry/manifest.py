"""The manifest of a release: which file it is, where it lies, what it was made of, and what it is worth."""

import json
import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator

from lesions.errors import InputError, cut_value
from lesions.formats.json_file import parse_json
from lesions.formats.sha256 import Sha256
from lesions.parameters.strict import Section
from lesions.registry.tags import Artifact
from lesions.registry.versions import VERSION
from lesions.serving.manifest import Licences, Score
from lesions.serving.onnx_file import MAX_BYTES

MANIFEST, SIGNATURE, CARD = "manifest.json", "manifest.json.sig", "card.md"
"""The files of a release."""

MODEL = "model.onnx"
"""The exported file."""

MAX_MANIFEST_BYTES = 1_000_000
MAX_ADDRESS_CHARACTERS = 2000
MAX_ENTRIES = 1000

Count = Annotated[int, Field(ge=1)]


def check_address(address: str) -> str:
    """Return the address of a file; raise ValueError if it is none by https or of this machine's files.

    It has no user name or password, because a manifest is for anybody to read.
    """
    parts = urlsplit(address)
    is_plain = re.fullmatch(r"[!-~]+", address) and len(address) <= MAX_ADDRESS_CHARACTERS
    is_web = parts.scheme == "https" and parts.hostname
    is_file = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/") and not parts.query
    if not (is_plain and (is_web or is_file)) or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"expected https://… or file:///… without a user name, got {cut_value(address)!r}")
    return address


class ReleaseManifest(Section):
    """What a release says of itself; everything in it is under its signature, if there is one.

    Attributes
    ----------
    name, version
        The model and its semantic version.
    commit
        The commit that it was made of, whose `dvc.lock` records how.
    sha256, size_bytes, address
        Of the exported file, `model.onnx`.
    card_sha256
        Of the model card beside the manifest.
    scores
        On test images, with their 95 % intervals over groups.
    num_test_images, num_test_groups
        What these were measured on.
    test_images_sha256
        Which images these are; two releases with the same can be compared.
    licences
        Those of the weights that training started from, and of the data.
    """

    # Not named `schema`, which is a method of pydantic's models.
    schema_number: Annotated[Literal[1], Field(alias="schema")] = 1
    name: Annotated[str, Field(pattern="^[a-zA-Z0-9_]{1,100}$")]
    version: Annotated[str, Field(pattern=f"^{VERSION}$")]
    commit: Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=1, le=MAX_BYTES)]
    address: Annotated[str, AfterValidator(check_address)]
    card_sha256: Sha256
    scores: dict[str, Score]
    num_test_images: Count
    num_test_groups: Count
    test_images_sha256: Sha256
    licences: Licences

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        if max(len(self.scores), len(self.licences.weights), len(self.licences.data)) > MAX_ENTRIES:
            raise ValueError(f"more than {MAX_ENTRIES} scores or licences")
        return self


def spell_release(manifest: ReleaseManifest) -> bytes:
    """Return a manifest as the bytes of its file; the same manifest gives the same bytes."""
    values = manifest.model_dump(mode="json", by_alias=True)
    return (json.dumps(values, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def read_release(content: bytes, artifact: Artifact, version: str, *, source: str) -> ReleaseManifest:
    """Read the manifest of a version.

    Parameters
    ----------
    content
        The bytes of its file.
    source
        The file, for messages.

    Raises
    ------
    InputError
        If it is no manifest, or that of another model or version: a signed one could stand in for another.
    """
    parse_json(content, source)  # names the line of what is not JSON
    try:
        manifest = ReleaseManifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the whole"
        raise InputError(
            f"{source}: not the manifest of a release that this version of lesions reads: {cut_value(field)}: "
            f"{cut_value(first['msg'])}"
        ) from error
    if (manifest.name, manifest.version) != (artifact.name, version):
        raise InputError(
            f"{source}: is the manifest of {manifest.name}@{manifest.version}, not of {artifact}@{version}"
        )
    return manifest
