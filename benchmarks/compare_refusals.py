"""Count how often no split within the allowed deviation is found, though an exact solver says that there is one.

The exact solver is CP-SAT of OR-Tools, which is no dependency of the project: `pip install ortools` first. `fast` is
our search by shares alone, `shuffle` is scikit-learn's GroupShuffleSplit, as in `compare_allocations`.

    python -m benchmarks.compare_refusals --num-structures 250
"""

import math
import time
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from ortools.sat.python import cp_model
from rich.console import Console
from rich.table import Table

from benchmarks.compare_allocations import SHARES, measure_deviation, split_by_shuffling
from lesions.splitting.allocation import allocate_groups
from lesions.tables.groups import count_diagnoses
from lesions.tables.splits import SPLITS

MAX_DEVIATION = 0.1
KINDS = {"small": ((6, 12), (2, 4)), "medium": ((15, 44), (3, 7))}
"""Fewest and most groups, and fewest and most diagnoses."""

NUM_SIZES = 10
SECONDS = 60.0
"""The exact solver gives up after so long."""


def main(
    num_structures: Annotated[int, typer.Option(help="Structures of each kind.")] = 250,
    seed: Annotated[int, typer.Option(help="Of the structures.")] = 0,
) -> None:
    """Print how many structures can be split, and how many of them each splitter misses."""
    printed = Table("structures", "can be split", "splitter", "missed", "slowest, s")
    for kind, (groups, diagnoses) in KINDS.items():
        generator = np.random.default_rng(seed)
        structures = [draw_structure(generator, groups, diagnoses) for _ in range(num_structures)]
        possible = [structure for structure in structures if can_be_split(structure)]
        for name, splitter in {
            "ours": lambda group, diagnosis: split_by_limit(group, diagnosis, MAX_DEVIATION),
            "fast": lambda group, diagnosis: split_by_limit(group, diagnosis, 1.0),
            "shuffle": lambda group, diagnosis: split_by_shuffling(group, diagnosis, 0),
        }.items():
            missed, seconds = 0, []
            for structure in possible:
                images = structure.loc[structure.index.repeat(structure.number)].reset_index(drop=True)
                start = time.perf_counter()
                split = splitter(images.group, images.diagnosis)
                seconds.append(time.perf_counter() - start)
                present = (pd.crosstab(images.diagnosis, split).reindex(columns=list(SPLITS), fill_value=0) > 0).all()
                missed += not (present.all() and measure_deviation(images.diagnosis, split) <= MAX_DEVIATION + 1e-9)
            printed.add_row(f"{num_structures} {kind}", str(len(possible)), name, str(missed), f"{max(seconds):.2f}")
    Console().print(printed)


def draw_structure(
    generator: np.random.Generator, groups: tuple[int, int], diagnoses: tuple[int, int]
) -> pd.DataFrame:
    """Draw groups: small and mostly of one diagnosis, mixed, or from 1 to 40 images.

    Returns
    -------
    (cells, 3) columns `group`, `diagnosis` and `number`, the images of the group with this diagnosis
    """
    G, K = (int(generator.integers(*bounds, endpoint=True)) for bounds in (groups, diagnoses))
    frequencies, shape = generator.dirichlet(np.ones(K)), generator.integers(3)
    if shape == 0:
        sizes = 1 / np.arange(1, NUM_SIZES + 1)
        numbers = generator.choice(NUM_SIZES, G, p=sizes / sizes.sum()) + 1
        usual = np.eye(K)[generator.choice(K, G, p=frequencies)]
        counts = generator.multinomial(numbers, 0.85 * usual + 0.15 * frequencies)
    elif shape == 1:
        counts = generator.integers(0, 7, (G, K)) * (generator.random((G, K)) < 0.6)
    else:
        numbers = np.exp(generator.uniform(0, np.log(40), G)).astype(int) + 1
        counts = generator.multinomial(numbers, generator.dirichlet(np.full(K, 0.3), G))
    common = counts[:, (counts > 0).sum(axis=0) >= len(SPLITS)]
    if common.shape[1] < 2:  # the stage refuses these
        return draw_structure(generator, groups, diagnoses)
    group, diagnosis = np.nonzero(common)
    return pd.DataFrame({"group": group, "diagnosis": diagnosis, "number": common[group, diagnosis]})


def can_be_split(structure: pd.DataFrame) -> bool:
    """Return whether some allocation of whole groups deviates by no more than is allowed, by CP-SAT."""
    model = cp_model.CpModel()
    chosen = {
        group: [model.new_bool_var(f"{group} in {split}") for split in SPLITS] for group in structure.group.unique()
    }
    for choices in chosen.values():
        model.add_exactly_one(choices)
    for _, cells in structure.groupby("diagnosis"):
        total = cells.number.sum()
        for split, share in enumerate(SHARES):
            # 1e-9, so that a deviation of exactly the allowed one passes.
            least = max(1, math.ceil((share - MAX_DEVIATION) * total - 1e-9))
            most = math.floor((share + MAX_DEVIATION) * total + 1e-9)
            if least > most:
                return False
            numbers = zip(cells.group, cells.number, strict=True)
            images = sum(int(number) * chosen[group][split] for group, number in numbers)
            model.add_linear_constraint(images, least, most)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = SECONDS, 1
    status = solver.solve(model)
    assert status != cp_model.UNKNOWN, "the exact solver gave up; raise SECONDS"
    return bool(status in (cp_model.OPTIMAL, cp_model.FEASIBLE))


def split_by_limit(group: pd.Series, diagnosis: pd.Series, max_deviation: float) -> NDArray[np.str_]:
    """Return the split (N,) of each image; with a limit of 1, the exact search is never reached."""
    counts, names, _ = count_diagnoses(group, diagnosis)
    splits = pd.Series(allocate_groups(counts, SHARES, seed=0, max_deviation=max_deviation), index=names)
    return np.array(SPLITS)[splits[group].to_numpy()]


if __name__ == "__main__":
    typer.run(main)
