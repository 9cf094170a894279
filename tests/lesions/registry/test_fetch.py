"""A released model comes from its repository whole, or nothing of it is kept."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from lesions.errors import InputError
from lesions.registry.fetch import Fetched, fetch_model, find_cache
from lesions.registry.manifest import spell_release
from lesions.registry.signing import sign_manifest
from lesions.registry.tags import parse_reference
from tests.releases import CARD, MODEL_BYTES, NAME, build_release, publish, publish_model, start_repository
from tests.repository import Repository
from tests.server import Server, needs_openssl, redirect, send, serve_git, write_certificate
from tests.signers import allow, make_key, needs_ssh_keygen


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return tmp_path / "cache"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return start_repository(tmp_path / "others")


def fetch(text: str, repository: Repository | str, **options: Any) -> Fetched:
    address = repository if isinstance(repository, str) else repository.root.as_uri()
    with Progress(disable=True) as progress:
        options = {"allowed_signers": None, "is_offline": False} | options
        return fetch_model(parse_reference(text), address, progress=progress, **options)


def list_cached() -> list[str]:
    return sorted(path.name for path in find_cache().rglob("*") if path.is_file())


def test_a_file_comes_with_its_manifest_and_card_and_then_from_the_cache(
    repository: Repository, tmp_path: Path
) -> None:
    publish_model(repository, tmp_path / "model.onnx")
    fetched = fetch(NAME, repository)
    assert fetched.path.read_bytes() == MODEL_BYTES
    assert (fetched.manifest.version, fetched.signer, fetched.is_signed) == ("1.0.0", None, False)
    assert list_cached() == ["card.md", "manifest.json", "model.onnx"]
    (tmp_path / "model.onnx").unlink()
    assert fetch(f"{NAME}@1.0.0", repository) == fetched
    assert fetch(f"{NAME}@1.0.0", str(repository.root), is_offline=True) == fetched


def test_offline_only_a_fetched_version_is_there(repository: Repository, tmp_path: Path) -> None:
    publish_model(repository, tmp_path / "model.onnx")
    for text, message in {
        NAME: "--offline: name a version, such as custom_cnn@1.2.0: only the repository knows which is the newest, "
        "or in a stage",
        f"{NAME}@1.0.0": "custom_cnn@1.0.0 was not fetched yet; fetch it without --offline",
    }.items():
        with pytest.raises(InputError) as refused:
            fetch(text, repository, is_offline=True)
        assert str(refused.value) == message


def test_a_damaged_cache_is_mended_and_offline_refused(repository: Repository, tmp_path: Path) -> None:
    publish_model(repository, tmp_path / "model.onnx")
    path = fetch(NAME, repository).path
    path.write_bytes(MODEL_BYTES[:-1] + b"x")
    with pytest.raises(InputError, match=r"/1\.0\.0: is not as it was fetched; fetch it again without --offline$"):
        fetch(f"{NAME}@1.0.0", repository, is_offline=True)
    assert fetch(NAME, repository).path.read_bytes() == MODEL_BYTES


def test_versions_and_stages_are_found(repository: Repository, tmp_path: Path) -> None:
    publish_model(repository, tmp_path / "a.onnx", "1.9.0")
    repository.run("git", "tag", "--annotate", "--message", "x", f"{NAME}#prod#1")
    publish_model(repository, tmp_path / "b.onnx", "1.10.0")
    found = {text: fetch(f"{NAME}{text}", repository).manifest.version for text in ("", "@1.9.0", "#prod")}
    assert found == {"": "1.10.0", "@1.9.0": "1.9.0", "#prod": "1.9.0"}
    with pytest.raises(
        InputError, match=r"^file:///\S+/others: custom_cnn has no version 2\.0\.0; released are 1\.9"
    ):
        fetch(f"{NAME}@2.0.0", repository)
    with pytest.raises(InputError, match=r"^file:///\S+/others: no version of resnet18 is released$"):
        fetch("resnet18", repository)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size_bytes": 9}, "has 10,240 bytes, but 9 are released"),
        ({"sha256": "b" * 64}, f"has the sha256 {'.' * 64}, but {'b' * 64} is released"),
        ({"address": "file:///none/model.onnx"}, "file:///none/model.onnx: there is no such file"),
        ({"address": "file:///dev/zero"}, "/dev/zero: not a file, but a pipe, a socket or a device"),
        ({"card_sha256": "b" * 64}, "the model card beside it is not the one that was released"),
        ({"name": "resnet18"}, "is the manifest of resnet18@1.0.0, not of custom_cnn@1.0.0"),
    ],
)
def test_what_is_not_as_the_manifest_says_is_refused_and_not_kept(
    repository: Repository, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    publish_model(repository, tmp_path / "model.onnx", **changes)
    with pytest.raises(InputError, match=message):
        fetch(NAME, repository)
    assert list_cached() == []


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (b"[" * 100_000, "manifest.json of custom_cnn@1.0.0: not the JSON of a run: "),
        (b"{", "manifest.json of custom_cnn@1.0.0, line 1: not valid JSON: "),
        (
            b"[]",
            "manifest.json of custom_cnn@1.0.0: not the manifest of a release that this version of lesions reads: ",
        ),
        (
            b" " * 1_000_001,
            "releases/custom_cnn/1.0.0/manifest.json of custom_cnn@v1.0.0: is no file of at most 1,000,0",
        ),
    ],
)
def test_what_is_no_manifest_is_refused(repository: Repository, manifest: bytes, message: str) -> None:
    publish(repository, "1.0.0", manifest=manifest, card=CARD)
    with pytest.raises(InputError) as refused:
        fetch(NAME, repository)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../../x"),
        ("version", "../1.0.0"),
        ("address", "http://127.0.0.1/model.onnx"),
        ("address", "https://me:secret@example.org/model.onnx"),
        ("address", "file://server/model.onnx"),
        ("address", "ext::sh -c true"),
        ("address", "https://example.org/\nmodel"),
        ("size_bytes", 2**40),
        ("size_bytes", "10"),
        ("sha256", "x"),
        ("scores", {str(n): {"value": 0.1, "low": None, "high": None} for n in range(1001)}),
        ("schema", 2),
        ("extra", 1),
    ],
)
def test_a_manifest_beyond_its_bounds_is_refused(repository: Repository, field: str, value: Any) -> None:
    values = json.loads(spell_release(build_release())) | {field: value}
    publish(repository, "1.0.0", manifest=json.dumps(values).encode(), card=CARD)
    with pytest.raises(
        InputError, match=f"not the manifest of a release that this version of lesions reads: .*{field}"
    ):
        fetch(NAME, repository)


def test_a_link_in_place_of_the_manifest_is_not_followed(repository: Repository, tmp_path: Path) -> None:
    folder = repository.root / f"releases/{NAME}/1.0.0"
    folder.mkdir(parents=True)
    (tmp_path / "manifest.json").write_bytes(spell_release(build_release()))
    (folder / "manifest.json").symlink_to(tmp_path / "manifest.json")
    publish(repository, "1.0.0", card=CARD)
    with pytest.raises(InputError, match=r"manifest\.json of custom_cnn@1\.0\.0, line 1: not valid JSON"):
        fetch(NAME, repository)


def test_a_tag_of_another_tool_has_no_release(repository: Repository) -> None:
    publish(repository, "1.0.0", card=CARD)
    with pytest.raises(
        InputError, match=r"the tag custom_cnn@v1\.0\.0 has no manifest and card, so it was not made by"
    ):
        fetch(NAME, repository)


@pytest.mark.parametrize(
    "address",
    ["ext::sh -c 'touch /tmp/x'", "--upload-pack=x", "-x", "http://127.0.0.1/x", "git@example.org:x", "ssh://h/x",
     "git://h/x", "fd::3", "file://host/x", "https://", "none", "", "https://h/\nx", "file:x",
     "https://[h", "x" * 5000],
)  # fmt: skip
def test_repositories_by_other_transports_are_refused(address: str) -> None:
    with pytest.raises(InputError) as refused:
        fetch(NAME, address)
    assert str(refused.value).startswith(
        "--from: expected a git repository by https://… or file:///…, or its folder,"
    )


@needs_ssh_keygen
def test_only_what_an_allowed_signer_signed_is_taken(repository: Repository, tmp_path: Path) -> None:
    own, foreign = make_key(tmp_path / "own"), make_key(tmp_path / "foreign")
    allowed = allow(tmp_path, own)
    (tmp_path / "model.onnx").write_bytes(MODEL_BYTES)
    for version, key in (("1.0.0", own), ("1.1.0", foreign), ("1.2.0", None), ("1.3.0", own)):
        manifest = spell_release(build_release(version=version, address=(tmp_path / "model.onnx").as_uri()))
        signature = {} if key is None else {"signature": sign_manifest(manifest, key)}
        sent = manifest.replace(b'"value": 0.8', b'"value": 0.9') if version == "1.3.0" else manifest
        publish(repository, version, manifest=sent, card=CARD, **signature)
    assert fetch(f"{NAME}@1.0.0", repository, allowed_signers=allowed).signer == "me@example.org"
    assert fetch(f"{NAME}@1.0.0", repository, allowed_signers=allowed, is_offline=True).signer == "me@example.org"
    for version, message in {
        "1.1.0": "it is signed by a key that .* does not allow: No principal matched",
        "1.2.0": "is not signed, and --verify asks whose signature it has",
        "1.3.0": "the signature is not of this manifest: ",
    }.items():
        with pytest.raises(InputError, match=rf"^manifest\.json of custom_cnn@{version}: {message}"):
            fetch(f"{NAME}@{version}", repository, allowed_signers=allowed)
    assert list_cached().count("model.onnx") == 1


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Repository) -> Iterator[Server]:
    """A server that this process trusts, with the repository."""
    certificate = write_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate))
    started = Server(certificate)
    for path in ("info/refs", "git-upload-pack"):
        started.answers[f"/repository.git/{path}"] = serve_git(repository.root / ".git")
    yield started
    started.close()


@pytest.fixture
def insecure() -> Iterator[Server]:
    """A server without a certificate, which must not be asked."""
    started = Server()
    yield started
    assert started.ranges == []
    started.close()


@needs_openssl
def test_a_model_comes_by_https(secure: Server, repository: Repository, tmp_path: Path) -> None:
    publish_model(repository, tmp_path / "model.onnx", address=f"{secure.address}/first.onnx")
    secure.answers |= {"/first.onnx": redirect("/second.onnx"), "/second.onnx": send(MODEL_BYTES)}
    assert fetch(NAME, f"{secure.address}/repository.git").path.read_bytes() == MODEL_BYTES
    assert list_cached() == ["card.md", "manifest.json", "model.onnx"]


@needs_openssl
@pytest.mark.slow
def test_by_https_nothing_else_than_the_released_file_is_taken(
    secure: Server, insecure: Server, repository: Repository, tmp_path: Path
) -> None:
    publish_model(repository, tmp_path / "model.onnx", address=f"{secure.address}/model.onnx")
    insecure.answers["/model.onnx"] = send(MODEL_BYTES)
    for answer, message in (
        (send(MODEL_BYTES + b"x"), "has 10,241 bytes, but 10,240 are published"),
        (send(b"x" * len(MODEL_BYTES)), "has the sha256 .*; it was removed"),
        (redirect(f"{insecure.address}/model.onnx"), "redirects from https to http://127.*, which is not encrypted"),
        (redirect("file:///etc/passwd"), "redirects from https to file:///etc/passwd, which is not encrypted"),
    ):
        secure.answers["/model.onnx"] = answer
        with pytest.raises(InputError, match=message):
            fetch(NAME, f"{secure.address}/repository.git")
        assert "model.onnx" not in list_cached()


@needs_openssl
def test_a_repository_elsewhere_cannot_name_a_file_of_this_machine(
    secure: Server, repository: Repository, tmp_path: Path
) -> None:
    publish_model(repository, tmp_path / "model.onnx")
    with pytest.raises(InputError, match=r"a file of the machine that released it; it is released to others with"):
        fetch(NAME, f"{secure.address}/repository.git")


@needs_openssl
def test_a_repository_cannot_redirect_to_another_transport(secure: Server, insecure: Server) -> None:
    secure.answers["/repository.git/info/refs"] = redirect(f"{insecure.address}/repository.git/info/refs")
    with pytest.raises(InputError, match=r"git ls-remote: .*(\"http\" not supported|'http' not allowed)"):
        fetch(NAME, f"{secure.address}/repository.git")
