"""Putting a released version into a stage, such as prod."""

from dataclasses import dataclass

from lesions.errors import InputError
from lesions.registry.tags import (
    Reference,
    check_stage,
    find_stages,
    find_version,
    find_versions,
    parse_reference,
    select_tags,
)
from lesions.release.place import find_artifact, read_tags
from lesions.release.publication import publish_tag


@dataclass(frozen=True)
class Promoted:
    """A version that is in a stage from now on.

    Attributes
    ----------
    tag
        The tag that says so.
    former
        The version that was in the stage before; None if there was none.
    """

    tag: str
    former: str | None


def promote_version(text: str, stage: str) -> Promoted:
    """Put a version, `NAME@VERSION`, into a stage, by a tag on the commit of its release.

    Raises
    ------
    InputError
        If there is no such version, or if it is in the stage already.
    """
    asked = parse_reference(text)
    if asked.version is None:
        raise InputError(f"expected a version such as {asked.artifact}@1.2.0, got {text}")
    artifact = find_artifact(asked.artifact.name)
    if asked.artifact.folder not in ("", artifact.folder):
        raise InputError(f"{text}: is of the project in {asked.artifact.folder}; call lesions promote there")
    tags = select_tags(read_tags(), artifact)
    version, former = (
        find_version(tags, Reference(artifact, asked.version)),
        find_stages(tags).get(check_stage(stage)),
    )
    if former is not None and former[0] == version:
        raise InputError(f"{artifact}@{version} is in the stage {stage} already, by the tag {former[1].text}")
    tag = f"{artifact.prefix}#{stage}#{max(tag.count for tag in tags) + 1}"
    message = f"Put {artifact} {version} into the stage {stage}"
    publish_tag(find_versions(tags)[version].commit, tag=tag, message=message, after=tags)
    return Promoted(tag, former and former[0])
