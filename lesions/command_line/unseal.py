"""`lesions unseal`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lesions.command_line.options import PARAMS
from lesions.errors import InputError
from lesions.formats.atomic import write_text
from lesions.formats.printable import escape_markdown
from lesions.parameters.overlay import lay_over
from lesions.tables.run_files import read_test_images

RECORD = Path("docs/unsealed.md")

HEADING = """# Unsealed

Each line is one time that `lesions unseal` unsealed the test images, whose scores anybody could see from then on.

"""


def unseal(
    reason: Annotated[str, typer.Option(help="Why the scores of the test images are to be seen now.")],
) -> None:
    """Let the scores of the sealed test images be written, and note the date and the reason in docs/unsealed.md."""
    # These import pandas and DVC; the other commands start without them.
    from lesions.evaluation.seal import list_sealed_splits
    from lesions.project.revisions import describe_commit

    if not reason.strip():
        raise InputError("--reason is empty: say why the scores of the test images are to be seen now")
    if not list_sealed_splits(PARAMS):
        raise InputError(f"{PARAMS}: split.seal is false: the test images are not sealed")
    entry = spell_entry(reason.strip(), commit=describe_commit(), test_images=read_test_images())
    unseal_and_record(entry)
    print(
        f"{PARAMS}: split.seal is false now; {RECORD} says when and why. `dvc repro` scores the test images, and no "
        "network is trained again; commit both files with what it writes"
    )


def spell_entry(reason: str, *, commit: str, test_images: str) -> str:
    """Return the line that records an unsealing today."""
    day = datetime.now(UTC).date().isoformat()
    return f"* {day}, {commit}, test images {escape_markdown(test_images)}: {escape_markdown(reason)}\n"


def unseal_and_record(entry: str) -> None:
    """Append a line to the record and set `split.seal` to false; if either fails, both files stay as they were."""
    try:
        before = RECORD.read_text(encoding="utf-8") if RECORD.exists() else None
    except UnicodeDecodeError as error:
        raise InputError(f"{RECORD}: not in UTF-8 ({error})") from error
    kept = HEADING if before is None else f"{before.rstrip()}\n"
    write_text(RECORD, kept + entry)
    try:
        lay_over(PARAMS, {"split": {"seal": False}})
    except BaseException:
        if before is None:
            RECORD.unlink()
        else:
            write_text(RECORD, before)
        raise
