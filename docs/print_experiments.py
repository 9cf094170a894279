"""Run the commands of docs/experiments.md and insert their output: python -m docs.print_experiments CLONE.

CLONE is a clone of the repository's last commit in which the pipeline has run; the experiments are run there.
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
    1: ("on test images", "class frequencies by"),
    2: ("on test images", "class frequencies by"),
    5: (" Metric ", "weighted_f1"),
    7: ("mean of seeds", "or worse."),
}
"""Words in the first and the last line of the excerpt that a block of text shows of the previous command's output, by
the block's number; the other blocks show the whole output."""


def main(clone: Path) -> None:
    """Rewrite the document with new output."""
    text = DOCUMENT.read_text(encoding="utf-8")
    numbers = count(1)
    printed = ""

    def fill(block: re.Match[str]) -> str:
        nonlocal printed
        if block[1] is None:
            return f"```text\n{cut_lines(printed, *EXCERPTS.get(next(numbers), ('', '')))}\n```"
        for line in block[1].splitlines():
            if line.startswith("$ "):
                printed = run_command(line.removeprefix("$ "), clone)
        return block[0]

    DOCUMENT.write_text(CONSOLE_THEN_TEXT.sub(fill, text), encoding="utf-8")


def run_command(command: str, clone: Path) -> str:
    """Return the output of a command on a terminal of 100 characters."""
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
        print(f"exited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def cut_lines(printed: str, first: str, last: str) -> str:
    """Return the lines from the last one that contains `first` to the next one that contains `last`."""
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    start = max(number for number, line in enumerate(lines) if first in line) if first else 0
    stop = next(number for number in range(start, len(lines)) if last in lines[number]) if last else len(lines) - 1
    return "\n".join(lines[start : stop + 1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
