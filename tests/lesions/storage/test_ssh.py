"""Storage on a real server of SSH."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.repository import Repository
from tests.stores import find_object, push, run_storage, set_remote

SERVER = """
import asyncio, asyncssh, sys

class AnybodyMayEnter(asyncssh.SSHServer):
    def begin_auth(self, username):
        return False

async def serve():
    key = asyncssh.generate_private_key("ssh-ed25519")
    listening = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=AnybodyMayEnter, server_host_keys=[key], sftp_factory=asyncssh.SFTPServer
    )
    print(listening.get_port(), flush=True)
    await listening.wait_closed()

asyncio.run(serve())
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server of SFTP on this machine."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield int(server.stdout.readline())
        server.kill()


def test_a_server_of_ssh_is_compared_and_mended(project: Repository, port: int) -> None:
    folder = project.root.parent / "far"
    set_remote(project, f"ssh://127.0.0.1{folder}", port=port, user="anybody")
    push(project)
    assert run_storage(project, "--contents")[0] == 0
    name = find_object(project, "data/folder/a")
    stored = folder / "files/md5" / name[:2] / name[2:]
    stored.write_bytes(b"FIRST")
    assert run_storage(project)[0] == 0
    status, printed = run_storage(project, "--contents")
    assert (status, f"storage corrupted tabulate data/folder/a {name} " in printed) == (1, True)
    stored.unlink()
    status, printed = run_storage(project)
    assert (status, f"storage missing tabulate data/folder/a {name} " in printed) == (1, True)
    assert run_storage(project, "--mend")[0] == 0
    assert stored.read_bytes() == b"first"


def test_a_server_that_is_gone_is_named(project: Repository, port: int) -> None:
    set_remote(project, "ssh://127.0.0.1/srv/lesions", port=1, user="anybody")
    status, printed = run_storage(project)
    assert status == 2
    assert "the remote storage (ssh://127.0.0.1" in printed
    assert "it does not answer, or not to the end: is the network there, and is the address right." in printed
