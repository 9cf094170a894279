"""What the checks before a run found."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lesions.errors import InputError


@dataclass
class Findings:
    """What the run will use, what to doubt about it, and what would stop it.

    Attributes
    ----------
    rows
        What the run will use, in words, by what it is.
    doubts
        What does not stop the run, but decides what its results are worth; the worst first.
    problems
        What would stop the run.
    """

    rows: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Note an InputError of the block as a problem, so that the checks after it are still made."""
        try:
            yield
        except InputError as error:
            # Several checks may read the same broken section.
            if str(error) not in self.problems:
                self.problems.append(str(error))

    def raise_problems(self) -> None:
        """Raise one InputError with all problems, if there is any."""
        if len(self.problems) == 1:
            raise InputError(self.problems[0])
        if self.problems:
            numbered = [f"{number}. {problem}" for number, problem in enumerate(self.problems, start=1)]
            raise InputError("\n".join([f"{len(self.problems)} problems would stop the run:", *numbered]))
