"""Time `lesions storage` beside `dvc status --cloud`, on the same server of S3, in turn.

    python -m benchmarks.time_storage --objects 10000

`dvc status --cloud` asks for the list of the folder and takes it that its files are there; `lesions storage` compares
the size of each, and with `--contents` reads each.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.repository import Repository
from tests.s3_server import BUCKET
from tests.stores import set_remote

COMMANDS = {
    "dvc status --cloud": ("dvc", "status", "--cloud"),
    "lesions storage": ("lesions", "storage"),
    "lesions storage --contents": ("lesions", "storage", "--contents"),
}
SERVER = "from tests.s3_server import S3; import sys; print(S3().address, flush=True); sys.stdin.read()"


def main(
    objects: Annotated[int, typer.Option(help="Number of files, each with its own content.")] = 10_000,
    rounds: Annotated[int, typer.Option(help="How often each command runs.")] = 3,
) -> None:
    """Print the median seconds of each command, and their ratio to DVC's."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin
    assert server.stdout
    try:
        with tempfile.TemporaryDirectory() as folder:
            project = build_project(Path(folder), objects, server.stdout.readline().strip())
            # The first round is not counted: each command writes what it remembers.
            taken = [time_commands(project) for _ in range(rounds + 1)]
    finally:
        server.stdin.close()
        server.wait()
    table = Table("command", "seconds", f"beside DVC, {objects:,} objects", box=None)
    medians = {name: sorted(each[name] for each in taken[1:])[rounds // 2] for name in COMMANDS}
    for name, seconds in medians.items():
        table.add_row(name, f"{seconds:.1f}", f"{seconds / medians['dvc status --cloud']:.2f} ×")
    Console().print(table)


def build_project(root: Path, objects: int, address: str) -> Repository:
    """Return a project with one folder of many files, all of which are pushed."""
    project = Repository(root)
    (root / "data").mkdir()
    for number in range(objects):
        (root / f"data/{number:06}.txt").write_text(f"{number:06}" * 200)
    (root / "dvc.yaml").write_text("stages: {}\n")
    project.run("git", "init", "--quiet")
    project.run("dvc", "init", "--quiet")
    project.dvc("add", "--quiet", "data")
    set_remote(project, f"s3://{BUCKET}/store", endpointurl=address)
    start = time.perf_counter()
    project.dvc("push", "--quiet")
    print(f"pushed {objects:,} objects in {time.perf_counter() - start:.0f} s", flush=True)
    return project


def time_commands(project: Repository) -> dict[str, float]:
    """Return the seconds of each command; each has to say that all is there."""
    taken = {}
    for name, command in COMMANDS.items():
        start = time.perf_counter()
        project.run(*command)
        taken[name] = time.perf_counter() - start
    return taken


if __name__ == "__main__":
    typer.run(main)
