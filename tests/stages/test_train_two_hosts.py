"""Two hosts train one network together: two network namespaces, each with a folder of its own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repository import Repository
from tests.train_stage import find_process, list_command, list_environment, read_until, set_hardware, start

ADDRESSES = ("10.77.0.1", "10.77.0.2")
DEVICE = "lesions0"


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def can_add_namespaces() -> bool:
    if shutil.which("ip") is None or os.geteuid() != 0:
        return False
    name = f"lesions-{os.getpid()}"
    added = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)
    return added.returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_add_namespaces(), reason="network namespaces need root and the command ip"),
]


@pytest.fixture
def hosts() -> Iterator[tuple[str, ...]]:
    """The names of two network namespaces with a cable between them."""
    names = tuple(f"lesions-{os.getpid()}-{number}" for number in (0, 1))
    try:
        for name in names:
            run("ip", "netns", "add", name)
        cable = ("type", "veth", "peer", "name", DEVICE, "netns", names[1])
        run("ip", "link", "add", DEVICE, "netns", names[0], *cable)
        for name, address in zip(names, ADDRESSES, strict=True):
            run("ip", "-n", name, "address", "add", f"{address}/24", "dev", DEVICE)
            for device in (DEVICE, "lo"):
                run("ip", "-n", name, "link", "set", device, "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def start_on(hosts: tuple[str, ...], number: int, folder: Repository) -> "subprocess.Popen[str]":
    """Start the stage's command on a host, as docs/scale.md has it."""
    torchrun = {
        "PET_NNODES": "2",
        "PET_NODE_RANK": str(number),
        "PET_MASTER_ADDR": ADDRESSES[0],
        "PET_MASTER_PORT": "29511",
        "GLOO_SOCKET_IFNAME": DEVICE,
        "TORCH_CPP_LOG_LEVEL": "ERROR",  # torch would warn that these hosts have no names
    }
    return subprocess.Popen(
        ["ip", "netns", "exec", hosts[number], sys.executable, *list_command("custom_cnn")],
        cwd=folder.root,
        env=list_environment() | torchrun,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def folders(copy: Repository, tmp_path: Path) -> tuple[Repository, Repository]:
    set_hardware(copy, num_processes=2)
    return copy, copy.copy_files(tmp_path / "other")


def test_two_hosts_learn_to_the_bit_what_two_processes_of_one_host_do(
    hosts: tuple[str, ...], folders: tuple[Repository, Repository]
) -> None:
    here, there = folders
    process = start(here, "custom_cnn")
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    expected = (here.root / "new/weights.safetensors").read_bytes()
    shutil.rmtree(here.root / "new")
    first, second = (start_on(hosts, number, folder) for number, folder in enumerate(folders))
    told, (said, _) = first.communicate()[0], second.communicate()
    assert (first.returncode, second.returncode, said) == (0, 0, ""), told
    assert told == printed
    assert (here.root / "new/weights.safetensors").read_bytes() == expected
    assert not (there.root / "new").exists()
    assert not list((there.root / ".resume").glob("*"))


def test_the_death_of_one_host_ends_the_other_and_other_inputs_are_refused(
    hosts: tuple[str, ...], folders: tuple[Repository, Repository]
) -> None:
    first, second = (start_on(hosts, number, folder) for number, folder in enumerate(folders))
    read_until(first, "epoch   1")
    os.kill(find_process(second.pid, rank=1), signal.SIGKILL)
    told, said = first.communicate()[0], second.communicate()[0]
    assert (first.returncode, second.returncode) == (1, 1)
    assert told.count("error: ") == 1
    assert "error: a process on another host ended, or no longer answers (LESIONS_DEBUG=1 or --debug" in told
    assert said.startswith("error: process 1 of 2 was ended by SIGKILL")
    recipe = folders[1].root / "data/recipes/custom_cnn.json"
    text = recipe.read_text()
    recipe.unlink()
    recipe.write_text(text.replace('"seed": 0', '"seed": 1'))
    first, second = (start_on(hosts, number, folder) for number, folder in enumerate(folders))
    told, said = first.communicate()[0], second.communicate()[0]
    assert (first.returncode, second.returncode) == (1, 1)
    assert told.count("error: ") == 1
    assert said == (
        "error: process 1 of 2 would not train what the first one does: it has other recipe; all hosts need the same "
        "commit, parameters, data, versions and hardware\n"
    )
