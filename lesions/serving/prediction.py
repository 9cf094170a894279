"""Predicting all files of a run: rows into a file that a stopped run leaves behind, then into the output."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from lesions.errors import InputError
from lesions.hardware.disk import check_writable
from lesions.serving.answers import OK, REFUSED, UNLIKE, Rules
from lesions.serving.grouping import Groups
from lesions.serving.maps import draw_overlay, name_overlay, write_overlay
from lesions.serving.model import Model
from lesions.serving.numbered_files import check_folder
from lesions.serving.partial import PartialRows, describe_run
from lesions.serving.reports import Reports
from lesions.serving.rows import Row, make_row
from lesions.serving.sources import Sources
from lesions.serving.stream import MAX_BATCH, count_in_batch
from lesions.serving.writing import check_output, write_rows
from lesions.stage.failure import FULL_DISK
from lesions.stage.progress import show_progress


@dataclass(frozen=True)
class Job:
    """What to predict, with which model, and how.

    Attributes
    ----------
    group_by
        What the groups of the sources are; None if there are none.
    explain
        The folder into which overlays are written; None for no overlays.
    num_workers
        How many threads decode; None for as many as the model's own.
    reports
        Which reports for clinical systems are written.
    """

    model: Model
    rules: Rules
    sources: Sources
    group_by: str | None
    explain: Path | None
    num_workers: int | None
    reports: Reports

    def check(self, *, continues: bool) -> None:
        """Raise InputError if the model cannot do what is asked for, or overlays or reports cannot be written.

        Parameters
        ----------
        continues
            Whether a stopped run is continued, whose overlays and reports are there.
        """
        self.reports.check(self.sources.files, continues=continues)
        if self.explain is None:
            return
        if not self.model.has_maps:
            raise InputError(
                f"--explain: {self.model.id} has no maps, because its network does not say what each place of an "
                "image speaks for"
            )
        check_folder("--explain", self.explain, "-image.png", sources=self.sources.files, continues=continues)

    def answer(self, first: int = 0) -> Iterator[Row]:
        """Yield the row of each image, from position `first`, and write its overlay and its reports before."""
        files = self.sources.files[first:]
        with_maps = self.explain is not None
        answered = self.model.stream(files, self.rules, num_workers=self.num_workers, with_maps=with_maps)
        shown = show_progress(answered, "predicting", total=len(files), images=True)
        for position, each in enumerate(shown, start=first + 1):
            if self.explain is not None and each.map is not None and each.pixels is not None:
                path = self.explain / name_overlay(position, each.source.file)
                write_overlay(path, draw_overlay(each.pixels, each.map))
            self.reports.write(position, Path(each.source.path), each.answer, self.rules.manifest)
            yield make_row(each.answer)


class Summary:
    """The rows of a run, counted by their status, and the sums over each group."""

    def __init__(self, job: Job) -> None:
        self._groups = Groups(job.rules)
        self._files = job.sources.files
        self._counts: Counter[str] = Counter()
        self._num_abstaining = 0

    def count(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield all rows of the run, and count them."""
        for file, row in zip(self._files, rows, strict=True):
            self._counts[row["status"]] += 1
            self._num_abstaining += bool(row["abstains"])
            self._groups.add(file.group, row)
            yield row

    def list_groups(self) -> Iterator[Row]:
        """Yield a row per group."""
        return map(make_row, self._groups.answers())

    @property
    def num_refused(self) -> int:
        """The number of files that are refused."""
        return self._counts[REFUSED]

    def describe(self) -> str:
        """Return how many images have which status, in words."""
        counts = ", ".join(f"{self._counts[status]:,} {status}" for status in (OK, UNLIKE, REFUSED))
        return f"{self._counts.total():,} images: {counts}; the model abstains for {self._num_abstaining:,}"


def name_group_output(output: Path, group_by: str) -> Path:
    """Return the file for the groups beside the one for the images."""
    harmless = re.sub(r"[^\w.-]+", "_", group_by)
    return output.with_name(f"{output.stem}-by-{harmless}{output.suffix}")


def list_outputs(output: Path, group_by: str | None) -> list[Path]:
    """Return the files that a run writes, those of the groups last."""
    return [output] if group_by is None else [output, name_group_output(output, group_by)]


def check_outputs(output: Path, group_by: str | None, sources: Sequence[str]) -> None:
    """Raise InputError if the outputs cannot be written, or would replace what is read."""
    check_output(output)
    outputs = list_outputs(output, group_by)
    check_writable(*outputs)
    for path in outputs:
        if any(path.exists() and path.samefile(source) for source in sources if Path(source).is_file()):
            raise InputError(f"{path}: is a source too, which the output would replace; name another --output")


@contextmanager
def open_rows(job: Job, output: Path, *, resume: bool) -> Iterator[tuple[PartialRows, int]]:
    """Yield the file that keeps the rows until all are there, for this process alone, and how many it has already.

    Raises
    ------
    InputError
        If what the job asks for cannot be done or written, if a stopped run left rows here and `resume` is not set,
        if they are of another run, or if another process writes them.
    """
    files, rules = job.sources.files, job.rules
    run = describe_run(
        rules.model,
        files,
        min_confidence=rules.min_confidence,
        explain=job.explain,
        reports=job.reports.describe_run(),
    )
    rows = PartialRows(output, run, files)
    job.check(continues=resume and rows.path.exists())
    with rows.hold():
        if resume:
            num_rows = rows.resume(count_in_batch(rules.manifest))
        else:
            num_rows = 0
            rows.begin()
        yield rows, num_rows


def predict_to_files(job: Job, output: Path, rows: PartialRows, first: int) -> Summary:
    """Predict the files from position `first`, and write the rows of all images, and those of groups if asked for.

    Raises
    ------
    InputError
        If the disk is full; the rows so far are kept.
    """
    batch_size, class_names = count_in_batch(job.rules.manifest), job.rules.manifest.class_names
    summary = Summary(job)
    try:
        # Whole batches, so that a resumed run cuts the files as this one does.
        for some in _chunk(job.answer(first), batch_size * ceil(MAX_BATCH / batch_size)):
            rows.append(some)
        write_rows(output, summary.count(rows.read()), class_names)
        if job.group_by is not None:
            write_rows(name_group_output(output, job.group_by), summary.list_groups(), class_names)
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        raise InputError(
            f"{error.filename or output}: {error.strerror}; the rows so far are kept in {rows.path}: make room, and "
            "run the same command with --resume"
        ) from error
    rows.remove()
    return summary


def _chunk(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    some: list[Row] = []
    for row in rows:
        some.append(row)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some
