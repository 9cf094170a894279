"""Fetching a released model: nothing is kept that is not the file that the manifest describes."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from urllib.parse import unquote, urlsplit

from rich.progress import Progress

from lesions.errors import InputError
from lesions.fetching.catalogue import Digest, RemoteFile
from lesions.fetching.download import download_file, remove_download
from lesions.fetching.fetch import hold_downloads
from lesions.fetching.request import hide_credentials
from lesions.formats.atomic import atomic_folder
from lesions.formats.regular import check_regular
from lesions.formats.sha256 import hash_file
from lesions.registry.manifest import (
    CARD,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    MODEL,
    SIGNATURE,
    ReleaseManifest,
    read_release,
)
from lesions.registry.repository import check_repository, open_releases
from lesions.registry.signing import MAX_SIGNATURE_BYTES, verify_manifest
from lesions.registry.tags import Reference, find_version, find_versions

MAX_CARD_BYTES = 10_000_000

PAPERS = {MANIFEST: MAX_MANIFEST_BYTES, SIGNATURE: MAX_SIGNATURE_BYTES, CARD: MAX_CARD_BYTES}
"""The files of a release in git, and how large each may be."""


@dataclass(frozen=True)
class Papers:
    """What a repository has of a release: manifest, model card, and the signature if there is one, by name."""

    version: str
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Fetched:
    """A released model that is here.

    Attributes
    ----------
    path
        Its file.
    signer
        Who signed its manifest; None if that was not asked.
    is_signed
        Whether it is signed, checked or not.
    """

    path: Path
    manifest: ReleaseManifest
    signer: str | None
    is_signed: bool


def fetch_model(
    reference: Reference, repository: str, *, allowed_signers: Path | None, is_offline: bool, progress: Progress
) -> Fetched:
    """Return a released model from the cache, after fetching it if it is not there.

    Parameters
    ----------
    repository
        The address of a git repository, by https or file.
    allowed_signers
        Whose signatures are accepted; None: the signature is not checked.
    is_offline
        Whether only the cache is looked at.

    Raises
    ------
    InputError
        If there is no such release; if its manifest, signature or file is not what it should be, of which nothing is
        kept.
    """
    address = check_repository(repository)
    place = (
        find_cache() / sha256(address.encode()).hexdigest()[:16] / reference.artifact.folder / reference.artifact.name
    )
    papers = _read_cached(place, reference) if is_offline else _read_papers(address, reference)
    source = f"{MANIFEST} of {reference.artifact}@{papers.version}"
    manifest = read_release(papers.files[MANIFEST], reference.artifact, papers.version, source=source)
    signer = None if allowed_signers is None else _verify(papers, allowed_signers, source)
    _check_card(papers, manifest, source)
    folder = place / papers.version
    if not _holds(folder, papers, manifest):
        if is_offline:
            raise InputError(f"{folder}: is not as it was fetched; fetch it again without --offline")
        _check_reachable(manifest, address)
        _keep(folder, papers, manifest, progress)
    return Fetched(folder / MODEL, manifest, signer, SIGNATURE in papers.files)


def find_cache() -> Path:
    """Return the folder of fetched models, below XDG_CACHE_HOME, which is ~/.cache by default."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lesions/models"


def _read_papers(address: str, reference: Reference) -> Papers:
    with _named_repository(address), open_releases(address, reference.artifact) as releases:
        version = find_version(releases.tags, reference)
        tag = find_versions(releases.tags)[version]
        read = {name: releases.read_file(tag, name, max_bytes=max_bytes) for name, max_bytes in PAPERS.items()}
        files = {name: content for name, content in read.items() if content is not None}
        if not {MANIFEST, CARD} <= {*files}:
            raise InputError(f"the tag {tag.text} has no manifest and card, so it was not made by `lesions release`")
        return Papers(version, files)


@contextmanager
def _named_repository(address: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{hide_credentials(address)}: {error}") from error


def _read_cached(place: Path, reference: Reference) -> Papers:
    if reference.version is None:
        raise InputError(
            f"--offline: name a version, such as {reference.artifact}@1.2.0: only the repository knows which is the "
            "newest, or in a stage"
        )
    files = _read_files(place / reference.version)
    if MANIFEST not in files:
        raise InputError(f"{reference.artifact}@{reference.version} was not fetched yet; fetch it without --offline")
    return Papers(reference.version, files)


def _read_files(folder: Path) -> dict[str, bytes]:
    """Return the papers that the cache has of a release."""
    return {name: (folder / name).read_bytes() for name in PAPERS if (folder / name).is_file()}


def _verify(papers: Papers, allowed_signers: Path, source: str) -> str:
    if SIGNATURE not in papers.files:
        raise InputError(f"{source}: is not signed, and --verify asks whose signature it has")
    try:
        return verify_manifest(papers.files[MANIFEST], papers.files[SIGNATURE], allowed_signers)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error


def _check_card(papers: Papers, manifest: ReleaseManifest, source: str) -> None:
    if sha256(papers.files.get(CARD, b"")).hexdigest() != manifest.card_sha256:
        raise InputError(f"{source}: the model card beside it is not the one that was released")


def _holds(folder: Path, papers: Papers, manifest: ReleaseManifest) -> bool:
    """Return whether the cache has a release as the repository has it."""
    path = folder / MODEL
    is_whole = path.is_file() and path.stat().st_size == manifest.size_bytes and hash_file(path) == manifest.sha256
    return is_whole and _read_files(folder) == papers.files


def _check_reachable(manifest: ReleaseManifest, address: str) -> None:
    """Refuse a repository elsewhere that names a file of this machine."""
    if manifest.address.startswith("file:") and not address.startswith("file:"):
        raise InputError(
            f"{manifest.name}@{manifest.version} is at {manifest.address}, a file of the machine that released it; "
            "it is released to others with --address https://…"
        )


def _keep(folder: Path, papers: Papers, manifest: ReleaseManifest, progress: Progress) -> None:
    """Fetch the file of a release, and put it into the cache with its papers, all at once."""
    with hold_downloads(folder) as waiting, atomic_folder(folder) as temporary:
        if manifest.address.startswith("file:"):
            _copy_file(Path(unquote(urlsplit(manifest.address).path)), temporary / MODEL, manifest)
        else:
            digest = Digest("sha256", manifest.sha256)
            file = RemoteFile(manifest.address, MODEL, size_bytes=manifest.size_bytes, digest=digest)
            download_file(file, waiting, progress).rename(temporary / MODEL)
            remove_download(file, waiting)
        for name, content in papers.files.items():
            (temporary / name).write_bytes(content)


def _copy_file(source: Path, target: Path, manifest: ReleaseManifest) -> None:
    check_regular(source)
    if not source.is_file():
        raise InputError(f"{manifest.address}: there is no such file")
    if source.stat().st_size != manifest.size_bytes:
        raise InputError(
            f"{manifest.address}: has {source.stat().st_size:,} bytes, but {manifest.size_bytes:,} are released"
        )
    copyfile(source, target)
    if (actual := hash_file(target)) != manifest.sha256:
        raise InputError(f"{manifest.address}: has the sha256 {actual}, but {manifest.sha256} is released")
