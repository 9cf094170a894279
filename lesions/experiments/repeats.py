"""Experiments that train the same models with several seeds."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from lesions.errors import InputError
from lesions.experiments.revisions import flatten_parameters, read_settings
from lesions.parameters.section import read_parameters

SEED = "training.seed"


def run_seeds(num_seeds: int, params: Path) -> dict[int, str]:
    """Return the experiment of each seed, after running those that are missing.

    Raises
    ------
    InputError
        If an experiment fails.
    """
    wanted = flatten_parameters(read_parameters(params))
    experiments = find_seeds(wanted, num_seeds)
    missing = [seed for seed in range(num_seeds) if seed not in experiments]
    if missing:
        print(f"training the seeds {', '.join(map(str, missing))}; {len(experiments)} exist already", flush=True)
        for seed in missing:
            run_dvc("exp", "run", "--queue", "--set-param", f"{SEED}={seed}")
        run_dvc("exp", "run", "--run-all")
        experiments = find_seeds(wanted, num_seeds)
        lost = [seed for seed in range(num_seeds) if seed not in experiments]
        if lost:
            raise InputError(
                f"the experiment of the seed {', '.join(map(str, lost))} failed; `dvc queue logs` may say why, "
                "and the same command runs only what is missing"
            )
    return experiments


def find_seeds(wanted: Mapping[str, object], num_seeds: int) -> dict[int, str]:
    """Return for each seed the experiment that differs from the workspace's parameters in nothing but the seed."""
    settings = {name: flatten_parameters(parameters) for name, parameters in read_settings([]).items()}
    return {
        seed: name
        for seed in range(num_seeds)
        for name, parameters in settings.items()
        if parameters == {**wanted, SEED: seed}
    }


def run_dvc(*arguments: str) -> None:
    """Run DVC, which prints its progress; raise InputError if it fails."""
    if subprocess.run([sys.executable, "-m", "dvc", *arguments], check=False).returncode:
        raise InputError(f"`dvc {' '.join(arguments)}` failed")
