"""SSH keys, and files that say whose signatures are allowed."""

import shutil
import subprocess
from pathlib import Path

import pytest

needs_ssh_keygen = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="no ssh-keygen to sign with")


def make_key(path: Path) -> Path:
    """Make a key without a passphrase."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path


def allow(folder: Path, key: Path, *, signer: str = "me@example.org", options: str = "") -> Path:
    """Write a file of allowed signers with one key, and options of it."""
    path = folder / "allowed_signers"
    public = Path(f"{key}.pub").read_text(encoding="utf-8")
    path.write_text(f"{signer} {options} {public}" if options else f"{signer} {public}", encoding="utf-8")
    return path
