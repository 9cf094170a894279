"""The commands and files shown in a document, so that tests can run them as a reader would."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Document:
    """A Markdown file."""

    path: Path

    def blocks(self, language: str) -> list[str]:
        """Return the fenced blocks of a language."""
        text = self.path.read_text(encoding="utf-8")
        return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)

    def commands(self) -> list[list[str]]:
        """Return the commands after a dollar sign in the console blocks, in order."""
        lines = [line for block in self.blocks("console") for line in block.splitlines()]
        return [shlex.split(line.removeprefix("$ ")) for line in lines if line.startswith("$ ")]
