"""`lesions timings`."""

import json

from rich.console import Console
from rich.table import Table

from lesions.errors import InputError
from lesions.stage.timings import TIMINGS


def timings() -> None:
    """Show how long each stage took when it last ran here."""
    files = sorted(TIMINGS.glob("*.json"), key=lambda file: file.stat().st_mtime)
    if not files:
        raise InputError(f"no stage has run here yet ({TIMINGS}/ is empty)")
    rows = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    table = Table(*(name.replace("_", " ") for name in rows[0]))
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
