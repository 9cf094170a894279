"""Experiments that train the same models with several seeds."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain, count

from dvc.repo import Repo
from filelock import FileLock, Timeout

from lesions.errors import InputError
from lesions.evaluation.seal import check_may_look
from lesions.experiments.differences import list_changed_files, list_changes, name_some
from lesions.experiments.inputs import Inputs, hash_inputs, read_current_inputs
from lesions.experiments.revisions import (
    Experiment,
    find_commits,
    open_experiments,
    read_experiment,
    read_parameter_file,
)
from lesions.experiments.running import SEARCHES, hold_workspace, run_whole
from lesions.experiments.tracked import check_tracked
from lesions.gate.metrics import PARAMS
from lesions.hardware.system import check_posix

SEED = "training.seed"


def run_seeds(num_seeds: int) -> dict[int, Experiment]:
    """Return the experiment of each seed, after running those that are missing.

    An experiment counts only if all that its stages read is what the workspace reads now, but for the seed. One that
    is stopped is ended in order, and goes on if this is called again.

    Raises
    ------
    InputError
        If the test images are sealed, if an experiment fails, if one would not see the workspace as it is, or if
        another process of this clone runs seeds.
    """
    with open_experiments() as repo, hold_workspace():
        check_may_look(PARAMS)
        now = read_current_inputs(repo)
        experiments, others = find_seeds(repo, num_seeds)
        print("".join(f"{line}\n" for line in others), end="")
        missing = [seed for seed in range(num_seeds) if seed not in experiments]
        if missing:
            check_posix("lesions repeat")
            check_tracked(repo)
        taken = {*find_commits(repo, [])}
    if not missing:
        return experiments
    print(f"training the seeds {', '.join(map(str, missing))}; {len(experiments)} exist already", flush=True)
    with run_alone():
        for seed in missing:
            name = choose_name(f"seeds_{hash_inputs(now, but=SEED)}-{seed}", taken)
            print(f"{name}: seed {seed}", flush=True)
            run_whole([name], {SEED: seed}, f"seed {seed}", check=partial(check_workspace, now))
    with open_experiments() as repo, hold_workspace():
        experiments, others = find_seeds(repo, num_seeds)
    lost = [str(seed) for seed in range(num_seeds) if seed not in experiments]
    if lost:
        raise InputError(
            f"the experiment of the seed {', '.join(lost)} does not have what the workspace reads now: "
            f"{'; '.join(others)}; the same command runs only what is missing"
        )
    return experiments


@contextmanager
def run_alone() -> Iterator[None]:
    """Refuse to run seeds while another process of this clone does: it would take the other one's for left behind."""
    try:
        with FileLock(SEARCHES / "repeating.lock", timeout=0):
            yield
    except Timeout as error:
        raise InputError(
            "another `lesions repeat` runs in this clone; call it again when that one has ended"
        ) from error


def choose_name(name: str, taken: Collection[str]) -> str:
    """Return a name that no experiment has: one of these inputs may be there and not count, such as without files.

    It is the same name each time, so that what a killed process left is found.
    """
    numbered = (f"{name}-{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)


def check_workspace(begun: Inputs) -> None:
    """Refuse to run a seed from other data, code or parameters than those that the command began with."""
    with open_experiments() as repo:
        check_tracked(repo)
        if changed := list_changes(repo, begun, read_current_inputs(repo), but=SEED):
            raise InputError(
                f"the workspace has changed since the first seed was begun: it differs in {name_some(changed)}; undo "
                "the change, or call the same command again, which begins anew"
            )


def find_seeds(repo: Repo, num_seeds: int) -> tuple[dict[int, Experiment], list[str]]:
    """Find for each seed the experiment that would be the same if it ran now.

    Returns
    -------
    found
        The experiments by their seeds.
    others
        Why experiments with the same parameters, or without a complete record, do not count.
    """
    now = read_current_inputs(repo)
    found: dict[int, Experiment] = {}
    others = []
    for name, commit in find_commits(repo, []).items():
        if read_parameter_file(repo, commit).get("split", {}).get("seal"):
            continue  # a trial of a search, which has no predictions of test images
        try:
            experiment = read_experiment(repo, name, commit)
        except InputError as error:
            others.append(f"{error}; it does not count")
            continue
        seed = experiment.inputs.parameters.get(SEED, -1)
        if seed not in range(num_seeds) or experiment.inputs.parameters != {**now.parameters, SEED: seed}:
            continue
        if changed := list_changed_files(repo, experiment.inputs, now):
            others.append(f"{name} does not count: it differs from the workspace in {name_some(changed)}")
        else:
            found[seed] = experiment
    return found, others
