"""Releasing a model: its card and manifest are committed, and the tag of that commit registers the version."""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import dvc.api
from dvc.exceptions import DvcException

from lesions.errors import InputError, cut_value
from lesions.formats.sha256 import hash_file
from lesions.registry.manifest import CARD, MANIFEST, SIGNATURE, ReleaseManifest, check_address, spell_release
from lesions.registry.signing import sign_manifest
from lesions.registry.tags import select_tags
from lesions.registry.versions import check_version
from lesions.release.obstacles import Candidate, list_obstacles
from lesions.release.place import find_artifact, find_head, find_upstream, read_tags
from lesions.release.publication import publish_files
from lesions.serving.onnx_file import read_onnx_file
from lesions.tables.run_files import read_test_images

CARDS = Path("report/cards")


@dataclass(frozen=True)
class Released:
    """A release that is committed and tagged here, and pushed nowhere.

    Attributes
    ----------
    tag
        Its tag.
    earlier
        The tag of the release that the gate compared it with; None if it is the first.
    push
        The command that publishes it.
    """

    tag: str
    manifest: ReleaseManifest
    earlier: str | None
    push: str


SECRET = re.compile(r"(^|[-_])sig|token|key|secret|passw|credential|expire|^policy$|accessid", re.IGNORECASE)
"""What is in the names of the parts of signed addresses, of S3, Azure and Google among them."""


def release_model(name: str, version: str, *, address: str | None, key: Path | None, params: Path) -> Released:
    """Release a model of the workspace, unless anything speaks against it.

    Parameters
    ----------
    address
        From where users get the file, https://… or file:///…; None: from DVC's remote.
    key
        The SSH key that signs the manifest; None: it is not signed.

    Raises
    ------
    InputError
        If anything speaks against it; the message has every reason. Nothing is changed then.
    """
    artifact, version = find_artifact(name), check_version(version)
    candidate = Candidate(artifact, version, select_tags(read_tags(), artifact), params)
    reasons, found = list_obstacles(candidate), ""
    try:
        found = choose_address(candidate.exported, address)
    except InputError as error:
        reasons.append(str(error))
    if reasons:
        numbered = [f"{number}. {reason}" for number, reason in enumerate(reasons, start=1)]
        raise InputError("\n".join([f"{name}@{version} is not released, because of {len(reasons)}:", *numbered]))
    head, card = find_head(), (CARDS / f"{name}.md").read_bytes()
    manifest = build_release(candidate, head, found, card)
    files = {MANIFEST: spell_release(manifest), CARD: card}
    if key is not None:
        files[SIGNATURE] = sign_manifest(files[MANIFEST], key)
    tag, upstream = artifact.name_version_tag(version), find_upstream()
    publish_files(
        {artifact.name_file(version, file): content for file, content in files.items()},
        onto=head,
        tag=tag,
        message=f"Release {artifact} {version}",
        after=candidate.tags,
    )
    push = f"git push --atomic {upstream.remote} HEAD:{upstream.branch} 'refs/tags/{tag}'"
    return Released(tag, manifest, candidate.last.text if candidate.last else None, push)


def build_release(candidate: Candidate, commit: str, address: str, card: bytes) -> ReleaseManifest:
    """Build the manifest of a release that is made of a commit."""
    _, about = read_onnx_file(candidate.exported)
    return ReleaseManifest(
        name=candidate.artifact.name,
        version=candidate.version,
        commit=commit,
        sha256=hash_file(candidate.exported),
        size_bytes=candidate.exported.stat().st_size,
        address=address,
        card_sha256=sha256(card).hexdigest(),
        scores=about.scores,
        num_test_images=about.num_test_images,
        num_test_groups=about.num_test_groups,
        test_images_sha256=read_test_images(),
        licences=about.licences,
    )


def choose_address(exported: Path, address: str | None) -> str:
    """Return the address from which users without DVC get an exported file.

    Raises
    ------
    InputError
        If neither the option nor DVC's remote gives one by https or of a file, or if it has a key or a signature.
    """
    try:
        if address is not None:
            return check_lasting(check_address(address))
        stored = dvc.api.get_url(exported.as_posix())
        return check_lasting(check_address(Path(stored).as_uri() if Path(stored).is_absolute() else stored))
    except ValueError as error:
        source = "DVC's remote" if address is None else "--address"
        raise InputError(
            f"{source}: {error}; --address https://… says where users without DVC get {exported}"
        ) from error
    except DvcException as error:
        why = " ".join(str(error).split())
        raise InputError(
            f"DVC's remote has no address of {exported} ({why}); --address https://… gives one"
        ) from error


def check_lasting(address: str) -> str:
    """Return an address; raise ValueError if it lets only its bearer read the file, or only for a time."""
    for name in parse_qs(urlsplit(address).query, keep_blank_values=True):
        if SECRET.search(name):
            raise ValueError(
                f"{cut_value(name)!r} in the address looks like a key or a signature, which anybody could read in "
                "the manifest, and which may expire"
            )
    return address
