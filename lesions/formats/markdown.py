"""Tables in Markdown."""

from collections.abc import Iterable, Iterator, Sequence

RULES = {"left": "---", "right": "---:"}


def list_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> Iterator[str]:
    """Yield the lines of a table and an empty one after it; nothing if it has no row.

    Parameters
    ----------
    columns
        The headings.
    rows
        The cells, as Markdown.
    right
        The columns of numbers.
    """
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    if not lines:
        return
    yield f"| {' | '.join(columns)} |"
    yield f"|{'|'.join(RULES['right' if name in right else 'left'] for name in columns)}|"
    yield from lines
    yield ""
