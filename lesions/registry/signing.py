"""Signing a manifest with an SSH key, and checking whose signature it is; OpenSSH's `ssh-keygen` does both."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from lesions.errors import InputError
from lesions.formats.regular import check_regular

NAMESPACE = "lesions-release"
"""A signature under one namespace is not valid under another, such as that of git's commits."""

MAX_SIGNATURE_BYTES = 100_000


def sign_manifest(manifest: bytes, key: Path) -> bytes:
    """Return the signature of a manifest, in the form of `ssh-keygen -Y sign`.

    Parameters
    ----------
    key
        A private key, for whose passphrase ssh-keygen asks; or a public one whose private one an agent has.

    Raises
    ------
    InputError
        If there is no such key, or if ssh-keygen cannot sign with it.
    """
    _check_file(key, "--sign")
    with TemporaryDirectory() as folder:
        file = Path(folder, "manifest")
        file.write_bytes(manifest)
        done = _run_ssh_keygen("sign", "-f", str(key), "-n", NAMESPACE, str(file))
        if done.returncode:
            raise InputError(f"{key}: ssh-keygen cannot sign with it: {_spell_errors(done)}")
        return file.with_name("manifest.sig").read_bytes()


def verify_manifest(manifest: bytes, signature: bytes, allowed_signers: Path) -> str:
    """Return who signed a manifest, by the name that the file of allowed signers gives to the key.

    A key whose time is over, or has not come, is not allowed: the time is now, because the date of a signature is
    what the signer says it is.

    Parameters
    ----------
    allowed_signers
        A file in the format of that name in the manual of ssh-keygen.

    Raises
    ------
    InputError
        If the signature is no signature, not of this manifest, or of a key that is not allowed.
    """
    _check_file(allowed_signers, "--verify")
    with TemporaryDirectory() as folder:
        file = Path(folder, "manifest.sig")
        file.write_bytes(signature)
        of_signature = ("-s", str(file), "-n", NAMESPACE)
        done = _run_ssh_keygen("check-novalidate", *of_signature, content=manifest)
        if done.returncode:
            raise InputError(f"the signature is not of this manifest: {_spell_errors(done)}")
        done = _run_ssh_keygen("find-principals", "-s", str(file), "-f", str(allowed_signers))
        if done.returncode:
            raise InputError(f"it is signed by a key that {allowed_signers} does not allow: {_spell_errors(done)}")
        signer = done.stdout.decode("utf-8", "replace").splitlines()[0]
        of_signer = ("-f", str(allowed_signers), "-I", signer)
        done = _run_ssh_keygen("verify", *of_signature, *of_signer, content=manifest)
        if done.returncode:
            raise InputError(f"it is signed by a key that {allowed_signers} does not allow: {_spell_errors(done)}")
        return signer


def _check_file(path: Path, option: str) -> None:
    check_regular(path)
    if not path.is_file():
        raise InputError(f"{option}: there is no file {path}")


def _run_ssh_keygen(
    action: str, *arguments: str, content: bytes | None = None
) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(
            ["ssh-keygen", "-Y", action, *arguments],
            input=content,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise InputError(
            "ssh-keygen, which signs and checks signatures, is not installed (package OpenSSH)"
        ) from error


def _spell_errors(done: "subprocess.CompletedProcess[bytes]") -> str:
    return " ".join(done.stderr.decode("utf-8", "replace").split()) or f"it ended with {done.returncode}"
