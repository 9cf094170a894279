"""Experiments that train the same models with several seeds."""

import subprocess
import sys

from dvc.repo import Repo

from lesions.errors import InputError
from lesions.evaluation.seal import check_may_look
from lesions.experiments.differences import list_changed_files, name_some
from lesions.experiments.inputs import read_current_inputs
from lesions.experiments.revisions import (
    Experiment,
    find_commits,
    open_experiments,
    read_experiment,
    read_parameter_file,
)
from lesions.experiments.tracked import check_tracked
from lesions.gate.metrics import PARAMS

SEED = "training.seed"


def run_seeds(num_seeds: int) -> dict[int, Experiment]:
    """Return the experiment of each seed, after running those that are missing.

    An experiment counts only if all that its stages read is what the workspace reads now, but for the seed.

    Raises
    ------
    InputError
        If the test images are sealed, if an experiment fails, or if one would not see the workspace as it is.
    """
    with open_experiments() as repo:
        check_may_look(PARAMS)
        experiments, others = find_seeds(repo, num_seeds)
        print("".join(f"{line}\n" for line in others), end="")
        missing = [seed for seed in range(num_seeds) if seed not in experiments]
        if missing:
            check_tracked(repo)
    if not missing:
        return experiments
    print(f"training the seeds {', '.join(map(str, missing))}; {len(experiments)} exist already", flush=True)
    for seed in missing:
        run_dvc("exp", "run", "--temp", "--set-param", f"{SEED}={seed}")
    with open_experiments() as repo:
        experiments, others = find_seeds(repo, num_seeds)
    lost = [str(seed) for seed in range(num_seeds) if seed not in experiments]
    if lost:
        raise InputError(
            f"the experiment of the seed {', '.join(lost)} does not have what the workspace reads now: "
            f"{'; '.join(others)}; the same command runs only what is missing"
        )
    return experiments


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


def run_dvc(*arguments: str) -> None:
    """Run DVC, which prints its progress; raise InputError if it fails."""
    if subprocess.run([sys.executable, "-m", "dvc", *arguments], check=False).returncode:
        raise InputError(f"`dvc {' '.join(arguments)}` failed; the same command runs only what is missing")
