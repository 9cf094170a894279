"""Put the drawing of the DAG, from `dvc dag --mermaid`, between the markers of Markdown files.

python docs/draw_dag.py README.md stages/README.md
"""

import subprocess
import sys
from pathlib import Path

BEGIN, END = "<!-- dvc dag --mermaid -->\n", "<!-- end of the drawing -->"


def draw_dag() -> str:
    """Return the DAG as a Mermaid block."""
    shown = subprocess.run(["dvc", "dag", "--mermaid"], capture_output=True, text=True, check=True)
    return f"```mermaid\n{shown.stdout.strip()}\n```\n"


def replace_drawing(text: str, drawing: str) -> str:
    """Return the text with the drawing between its two markers."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + drawing + END + rest.split(END)[1]


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(replace_drawing(path.read_text(encoding="utf-8"), draw_dag()), encoding="utf-8")
