"""A server of PostgreSQL on this machine, for a test."""

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.server import find_free_port

PROGRAMS = ("initdb", "pg_ctl")
OWNER = "nobody"
"""Who runs it where the tests run as root, whom PostgreSQL refuses."""


class PostgreSQL:
    """A server with an empty database, which asks for a password and listens on 127.0.0.1 alone."""

    def __init__(self) -> None:
        folders = [*os.environ["PATH"].split(os.pathsep), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
        self._path = os.pathsep.join(folders)
        for program in PROGRAMS:
            if shutil.which(program, path=self._path) is None:
                pytest.skip(f"no {program} on the PATH or in /usr/lib/postgresql (Debian: postgresql)")
        self._folder = Path(tempfile.mkdtemp(prefix="postgresql-"))  # its owner may not reach pytest's folders
        password = secrets.token_hex(8)
        (self._folder / "password").write_text(password)
        if os.getuid() == 0:
            for path in (self._folder, self._folder / "password"):
                shutil.chown(path, OWNER)
        self._run("initdb", "--auth=scram-sha-256", f"--pwfile={self._folder}/password", "--username=lesions")
        port = find_free_port()
        settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", f"--options={settings}", f"--log={self._folder}/log", "--wait", "start")
        self.url = f"postgresql://lesions:{password}@127.0.0.1:{port}/postgres"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [program, *arguments, "--pgdata", str(self._folder / "data")],
            cwd=self._folder,
            env=os.environ | {"PATH": self._path},
            user=OWNER if os.getuid() == 0 else None,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def close(self) -> None:
        """End the server and remove its files."""
        self._run("pg_ctl", "--mode=immediate", "stop")
        shutil.rmtree(self._folder)
