"""Clones of one project that stand for machines: each has its own cache, and they share a remote of DVC."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.repository import Repository, build_environment
from tests.stores import push, set_remote


def share(project: Repository, folder: Path) -> Repository:
    """Give a project a remote in a folder, and push it to a bare repository there, which is returned."""
    set_remote(project, str(folder / "remote"))
    project.commit("Add a remote")
    push(project)
    origin = Repository(folder / "origin.git")
    project.run("git", "clone", "--quiet", "--bare", str(project.root), str(origin.root))
    return origin


def add_machine(origin: Repository, root: Path) -> Repository:
    """Clone a project from its bare repository, and pull its data."""
    machine = Repository(root)
    subprocess.run(["git", "clone", "--quiet", origin.root, root], check=True)
    machine.set_identity()
    machine.dvc("config", "--local", "core.site_cache_dir", f"{root}-site")
    machine.dvc("pull", "--quiet")
    return machine


def start(machine: Repository, *command: str, **environment: str) -> psutil.Popen:
    """Start a command on a machine; what it prints can be read from its process."""
    return psutil.Popen(
        command,
        cwd=machine.root,
        env=build_environment() | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def cut_power(process: psutil.Popen) -> None:
    """Kill a process and all that it started, at once."""
    processes = [process, *process.children(recursive=True)]
    for each in processes:
        each.suspend()
    for each in processes:
        each.send_signal(signal.SIGKILL)
    process.communicate()
