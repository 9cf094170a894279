"""The rows of a run that has not ended: JSON Lines, to which whole batches are added, and which can be continued."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from lesions.errors import InputError, quote_value
from lesions.formats.atomic import named_errors
from lesions.formats.lock import hold_or_refuse
from lesions.serving.rows import Row, spell_path
from lesions.serving.stream import SourceFile

FORMAT = 2
"""Another number means another meaning of the rows."""

DESCRIPTIONS = {
    "lesions_partial": "version of lesions",
    "model": "model",
    "files": "list of files, or with files that were changed",
    "min_confidence": "--min-confidence",
    "explain": "--explain",
    "reports": "--dicom-sr, --fhir or --keep-identifiers",
}
"""What a run is described by, in words."""


def describe_run(
    model: str, files: Sequence[SourceFile], *, min_confidence: float, explain: Path | None, reports: Sequence[str]
) -> dict[str, Any]:
    """Return what must be the same for a run to be continued."""
    digest = sha256()
    for each in files:
        # Each part ends with a byte that is in no path.
        parts = (*each, *_describe_content(each.path))
        digest.update("".join(f"{part}\0" for part in parts).encode("utf-8", "surrogateescape"))
    return {
        "lesions_partial": FORMAT,
        "model": model,
        "files": digest.hexdigest(),
        "min_confidence": min_confidence,
        "explain": None if explain is None else str(explain.resolve()),
        "reports": list(reports),
    }


def _describe_content(path: str) -> tuple[int, ...]:
    """Return the size and the time of a file, which change with its content; nothing if it cannot be read."""
    try:
        status = os.stat(path)  # noqa: PTH116, as in count_bytes
    except (OSError, ValueError):
        return ()
    return status.st_size, status.st_mtime_ns


class PartialRows:
    """The file `<output>.partial`: a line that describes the run, and one line per image.

    Attributes
    ----------
    path
        The file.
    """

    def __init__(self, output: Path, run: Mapping[str, Any], files: Sequence[SourceFile]) -> None:
        self.path = output.with_name(f"{output.name}.partial")
        self._run = run
        self._files = files

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep the file, and the output, for this process alone; raise InputError if another process has them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with hold_or_refuse(self.path.with_name(f"{self.path.name}.lock"), f"writing rows into {self.path}"):
            yield

    def begin(self) -> None:
        """Write the description of the run; raise InputError if another run left its rows here."""
        if os.path.lexists(self.path):
            raise InputError(
                f"{self.path}: here are the rows of a run that was stopped; continue it with --resume, or remove the "
                "file to begin anew"
            )
        with named_errors(self.path), self.path.open("x", encoding="utf-8") as file:
            file.write(_spell(self._run))

    def resume(self, batch_size: int) -> int:
        """Keep the rows of whole batches that a stopped run left, and return their number; 0 if there is no file.

        Raises
        ------
        InputError
            If they are of another run, or not the rows of a run.
        """
        if not self.path.exists():
            self.begin()
            return 0
        ends = list(self._check_lines())
        if not ends:  # stopped before the first line was whole
            self.path.unlink()
            self.begin()
            return 0
        num_rows, num_files = len(ends) - 1, len(self._files)
        if num_rows > num_files:
            raise InputError(f"{self.path}: has {num_rows:,} rows, and there are {num_files:,} files; remove it")
        kept = num_rows if num_rows == num_files else num_rows - num_rows % batch_size
        os.truncate(self.path, ends[kept])
        return kept

    def _check_lines(self) -> Iterator[int]:
        """Yield where each whole line ends."""
        end = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    return
                self._check_line(line, number)
                end += len(line)
                yield end

    def _check_line(self, line: bytes, number: int) -> None:
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict) or "lesions_partial" not in values if number == 1 else not _is_row(values):
            raise InputError(f"{self.path}, line {number}: not what a stopped run left; remove the file")
        if number == 1:
            for name, words in DESCRIPTIONS.items():
                if values.get(name) != self._run[name]:
                    raise InputError(
                        f"{self.path}: the rows of a run with another {words}; run it as before, or remove the file "
                        "to begin anew"
                    )
        else:
            self._check_place(values, number)

    def _check_place(self, row: Row, number: int) -> None:
        """Raise InputError if a row, in a line with this number, is not that of the file at its place."""
        expected = [spell_path(each.file) for each in self._files[number - 2 : number - 1]]
        if expected not in ([], [row["file"]]):
            raise InputError(
                f"{self.path}, line {number}: the row of {quote_value(row['file'])}, where that of "
                f"{quote_value(expected[0])} belongs; remove the file to begin anew"
            )

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows; they are with the system, and so outlive this process, when this returns."""
        with named_errors(self.path), self.path.open("ab", buffering=0) as file:
            data = "".join(map(_spell, rows)).encode()
            while data:  # a disk that gets full takes a part, and refuses the rest
                data = data[file.write(data) :]

    def read(self) -> Iterator[Row]:
        """Yield all rows; raise InputError if one is not that of the file at its place."""
        with self.path.open(encoding="utf-8") as file:
            next(file)
            for number, row in enumerate(map(json.loads, file), start=2):
                self._check_place(row, number)
                yield row

    def remove(self) -> None:
        """Remove the file, after the output is written."""
        self.path.unlink()


def _is_row(values: object) -> bool:
    return isinstance(values, dict) and {"file", "status", "probabilities"} <= values.keys()


def _spell(values: Mapping[str, Any]) -> str:
    return json.dumps(values, allow_nan=False) + "\n"
