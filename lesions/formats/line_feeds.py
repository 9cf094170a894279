"""Writing the lines of a CSV file, each ending with a line feed."""

import io

LINE_END = "\r\n"
"""The line end that Python's csv is told, for `LineFeeds` to replace."""


class LineFeeds(io.TextIOWrapper):
    r"""A file for Python's csv, each line of which is written with "\n" at its end instead of `LINE_END`.

    With "\n" as its own line end, csv would not quote a lone carriage return in a cell (before Python 3.13), and that
    cell would then break the line for whoever reads the table.
    """

    def write(self, line: str, /) -> int:
        """Write one line."""
        return super().write(line.removesuffix(LINE_END) + "\n")
