"""Whose signature a manifest has, and what is none."""

import shutil
import subprocess
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.registry.signing import sign_manifest, verify_manifest
from tests.signers import allow, make_key, needs_ssh_keygen

pytestmark = needs_ssh_keygen

MANIFEST = b'{"name": "resnet18"}\n'


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_key(tmp_path_factory.mktemp("keys") / "own")


def test_a_signature_names_its_signer_and_openssh_agrees(key: Path, tmp_path: Path) -> None:
    signature = sign_manifest(MANIFEST, key)
    allowed = allow(tmp_path, key, signer="team@example.org")
    assert verify_manifest(MANIFEST, signature, allowed) == "team@example.org"
    (tmp_path / "manifest.json.sig").write_bytes(signature)
    by_hand = ["ssh-keygen", "-Y", "verify", "-I", "team@example.org", "-n", "lesions-release"]
    files = ["-f", str(allowed), "-s", str(tmp_path / "manifest.json.sig")]
    done = subprocess.run([*by_hand, *files], input=MANIFEST, capture_output=True, check=True)
    assert done.stdout.startswith(b'Good "lesions-release" signature for team@example.org')


def test_a_public_key_without_its_agent_cannot_sign(
    key: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    alone = Path(shutil.copy(f"{key}.pub", tmp_path / "alone.pub"))
    with pytest.raises(InputError, match=r"^\S+/alone\.pub: ssh-keygen cannot sign with it: .+"):
        sign_manifest(MANIFEST, alone)


def test_a_changed_manifest_is_refused(key: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^the signature is not of this manifest: .*incorrect signature"):
        verify_manifest(MANIFEST + b" ", sign_manifest(MANIFEST, key), allow(tmp_path, key))


@pytest.mark.parametrize("signature", [b"", b"junk", b"-----BEGIN SSH SIGNATURE-----\nAAAA\n"])
def test_what_is_no_signature_is_refused(key: Path, tmp_path: Path, signature: bytes) -> None:
    with pytest.raises(InputError, match=r"^the signature is not of this manifest: "):
        verify_manifest(MANIFEST, signature, allow(tmp_path, key))


def test_a_signature_for_another_purpose_is_refused(key: Path, tmp_path: Path) -> None:
    file = tmp_path / "manifest"
    file.write_bytes(MANIFEST)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", "git", file], check=True, capture_output=True)
    with pytest.raises(InputError, match=r"^the signature is not of this manifest: .*namespace does not match"):
        verify_manifest(MANIFEST, (tmp_path / "manifest.sig").read_bytes(), allow(tmp_path, key))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ('valid-before="20200101"', "key has expired"),
        ('valid-after="29990101"', "key is not yet valid"),
        ('namespaces="git"', ""),
        (None, "No principal matched"),
    ],
)
def test_a_key_that_is_not_allowed_is_refused(key: Path, tmp_path: Path, options: str | None, why: str) -> None:
    named = make_key(tmp_path / "foreign") if options is None else key
    allowed = allow(tmp_path, named, options=options or "")
    with pytest.raises(InputError) as refused:
        verify_manifest(MANIFEST, sign_manifest(MANIFEST, key), allowed)
    assert str(refused.value).startswith(f"it is signed by a key that {allowed} does not allow: ")
    assert why in str(refused.value)


def test_files_that_are_not_there_are_named(key: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^--sign: there is no file \S+/none$"):
        sign_manifest(MANIFEST, tmp_path / "none")
    with pytest.raises(InputError, match=r"^--verify: there is no file \S+/none$"):
        verify_manifest(MANIFEST, sign_manifest(MANIFEST, key), tmp_path / "none")
