"""The tags that are the registry, in the grammar of GTO (github.com/treeverse/gto), so that its tools read them too.

`resnet18@v1.2.0` registers a version, and `resnet18#prod#3` says that the version of this commit is in the stage prod
from then on. An exclamation mark takes either back: `resnet18@v1.2.0!#4`, `resnet18#prod!#5`. The last number counts
the tags of one model. A project below the root of its git repository puts its folder in front: `ml/skin=resnet18@…`.
Only annotated tags count, because only these have a date.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lesions.errors import InputError, quote_value
from lesions.registry.versions import VERSION, check_version, order_version

_NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9_]{0,98}[a-zA-Z0-9])?"
_STAGE = r"[a-zA-Z0-9](?:[a-zA-Z0-9_-]{0,98}[a-zA-Z0-9])?"
_PART = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]*"
_FOLDER = rf"{_PART}(?:/{_PART}){{0,20}}"
_TAG = re.compile(
    rf"(?:(?P<folder>{_FOLDER})=)?(?P<name>{_NAME})(?:@v(?P<version>{VERSION})|#(?P<stage>{_STAGE}))"
    r"(?P<is_taken_back>!?)(?:#(?P<count>[0-9]{1,9}))?"
)
_REFERENCE = re.compile(
    rf"(?:(?P<folder>{_FOLDER}):)?(?P<name>[^:@#]*)(?:@v?(?P<version>[^#]*)|#(?P<stage>.*))?", re.DOTALL
)

FORMAT = "%(refname:strip=2)%00%(objecttype)%00%(*objecttype)%00%(*objectname)%00%(taggerdate:unix)"
"""What `git for-each-ref` is to print of each tag."""


@dataclass(frozen=True)
class Artifact:
    """A model in the registry.

    Attributes
    ----------
    name
        Its name in its run.
    folder
        The project's folder in the git repository, such as `ml/skin`; empty for the root.
    """

    name: str
    folder: str = ""

    def __str__(self) -> str:
        return f"{self.folder}:{self.name}" if self.folder else self.name

    @property
    def prefix(self) -> str:
        """What its tags begin with."""
        return f"{self.folder}={self.name}" if self.folder else self.name

    def name_version_tag(self, version: str) -> str:
        """Return the name of the tag that registers a version."""
        return f"{self.prefix}@v{version}"

    def name_file(self, version: str, file: str) -> str:
        """Return the path of a file of a release in the git repository."""
        folder = f"{self.folder}/" if self.folder else ""
        return f"{folder}releases/{self.name}/{version}/{file}"


@dataclass(frozen=True)
class Tag:
    """A tag of the registry, with either a version or a stage.

    Attributes
    ----------
    text
        The tag's name.
    is_taken_back
        Whether it takes the version or the stage back.
    count
        How many tags of the model there were; 0 if the tag does not say.
    commit
        The hash of the commit that it is on.
    seconds
        When it was made, in seconds since 1970.
    """

    text: str
    artifact: Artifact
    version: str | None
    stage: str | None
    is_taken_back: bool
    count: int
    commit: str
    seconds: int


@dataclass(frozen=True)
class Reference:
    """What a user names: a model, and a version of it, or the stage that the version is in, or neither."""

    artifact: Artifact
    version: str | None = None
    stage: str | None = None


def parse_reference(text: str) -> Reference:
    """Return what `NAME`, `NAME@VERSION` or `NAME#STAGE` names; in front there may be a folder and a colon.

    Raises
    ------
    InputError
        If it is none of these.
    """
    match = _REFERENCE.fullmatch(text)
    if not match or not re.fullmatch(_NAME, match["name"]):
        raise InputError(
            f"expected a model such as resnet18, resnet18@1.2.0 or resnet18#prod, got {quote_value(text)}; names "
            "have letters, digits and underscores, and begin and end with a letter or a digit"
        )
    version = None if match["version"] is None else check_version(match["version"])
    stage = None if match["stage"] is None else check_stage(match["stage"])
    return Reference(Artifact(match["name"], match["folder"] or ""), version, stage)


def check_stage(text: str) -> str:
    """Return a stage; raise InputError if GTO could not name it."""
    if not re.fullmatch(_STAGE, text):
        raise InputError(
            f"expected a stage such as prod or pre-prod, got {quote_value(text)}: letters, digits, underscores and "
            "dashes, beginning and ending with a letter or a digit"
        )
    return text


def parse_tags(listed: str) -> list[Tag]:
    """Return the tags of the registry among those that git listed in `FORMAT`, the oldest first."""
    tags = []
    for line in filter(None, listed.split("\n")):  # a name may have other line breaks
        text, kind, target, commit, seconds = line.split("\0")
        match = _TAG.fullmatch(text)
        if match and (kind, target) == ("tag", "commit") and seconds.isdecimal():
            artifact = Artifact(match["name"], match["folder"] or "")
            taken_back, count = bool(match["is_taken_back"]), int(match["count"] or 0)
            of_tag = (match["version"], match["stage"], taken_back, count, commit, int(seconds))
            tags.append(Tag(text, artifact, *of_tag))
    return sorted(tags, key=lambda tag: (tag.seconds, tag.count, tag.text))


def select_tags(tags: Iterable[Tag], artifact: Artifact) -> list[Tag]:
    """Return the tags of one model, in their order."""
    return [tag for tag in tags if tag.artifact == artifact]


def find_versions(tags: Sequence[Tag]) -> dict[str, Tag]:
    """Return the tag of each registered version of one model, from its tags; the lowest version first."""
    registered: dict[str, Tag] = {}
    for tag in tags:
        if tag.version is not None and tag.is_taken_back:
            registered.pop(tag.version, None)
        elif tag.version is not None:
            registered[tag.version] = tag
    return {version: registered[version] for version in sorted(registered, key=order_version)}


def find_stages(tags: Sequence[Tag]) -> dict[str, tuple[str, Tag]]:
    """Return which version of one model is in each stage, and the tag that put it there, from its tags.

    A stage has the version that was last put into it and not taken out of it.
    """
    version_of = {tag.commit: version for version, tag in find_versions(tags).items()}
    within: dict[str, dict[str, Tag]] = {}
    for tag in tags:
        version = version_of.get(tag.commit)
        if tag.stage is None or version is None:
            continue
        versions = within.setdefault(tag.stage, {})
        versions.pop(version, None)
        if not tag.is_taken_back:
            versions[version] = tag
    return {stage: list(versions.items())[-1] for stage, versions in sorted(within.items()) if versions}


def find_version(tags: Sequence[Tag], reference: Reference) -> str:
    """Return the version that a reference names: the one in its stage, or the highest if it names none.

    Parameters
    ----------
    tags
        Those of its model.

    Raises
    ------
    InputError
        If there is none; the message lists what there is.
    """
    versions, artifact = find_versions(tags), reference.artifact
    if not versions:
        raise InputError(f"no version of {artifact} is released")
    if reference.stage is not None:
        stages = find_stages(tags)
        if reference.stage not in stages:
            raise InputError(
                f"no version of {artifact} is in the stage {reference.stage}; versions are in "
                f"{', '.join(stages) or 'no stage'}"
            )
        return stages[reference.stage][0]
    if reference.version is None:
        return list(versions)[-1]
    if reference.version not in versions:
        raise InputError(f"{artifact} has no version {reference.version}; released are {', '.join(versions)}")
    return reference.version
