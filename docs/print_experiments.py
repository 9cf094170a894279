"""Run the commands of docs/experiments.md and put in what they print: python -m docs.print_experiments CLONE.

CLONE is a clone of the repository's last commit in which the pipeline has run; its experiments are made there.
"""

import os
import re
import subprocess
import sys
from itertools import count
from pathlib import Path

DOCUMENT = Path("docs/experiments.md")

CONSOLE_THEN_TEXT = re.compile(r"```console\n(.*?)```|```text\n(.*?)```", re.DOTALL)

EXCERPTS = {
    1: ("on test images", "class_prior by"),
    2: ("removed the files", "class_prior by"),
    5: (" Metric ", "weighted_f1"),
    7: ("mean of seeds", "metadata_probe by"),
}
"""Words in the first and the last line that a block of text shows of what the command before it prints, by the
block's number; the other blocks show all."""


def main(clone: Path) -> None:
    """Write the document anew."""
    text = DOCUMENT.read_text(encoding="utf-8")
    numbers = count(1)
    printed = ""

    def fill(block: re.Match[str]) -> str:
        nonlocal printed
        if block[1] is None:
            return f"```text\n{cut(printed, *EXCERPTS.get(next(numbers), ('', '')))}\n```"
        for line in block[1].splitlines():
            if line.startswith("$ "):
                printed = run(line.removeprefix("$ "), clone)
        return block[0]

    DOCUMENT.write_text(CONSOLE_THEN_TEXT.sub(fill, text), encoding="utf-8")


def run(command: str, clone: Path) -> str:
    """Return what a command prints, on a terminal 100 characters wide."""
    print(command, flush=True)
    environment = {**os.environ, "COLUMNS": "100", "PYTHONPATH": str(clone)}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"left with {done.returncode}:\n{done.stdout}")
    return done.stdout


def cut(printed: str, first: str, last: str) -> str:
    """Return the lines from the last one with some words to the next one with others."""
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    start = max(number for number, line in enumerate(lines) if first in line) if first else 0
    stop = next(number for number in range(start, len(lines)) if last in lines[number]) if last else len(lines) - 1
    return "\n".join(lines[start : stop + 1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
