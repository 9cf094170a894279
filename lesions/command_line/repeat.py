"""`lesions repeat`: train every model from several seeds, and compare them with the spread of seeds and of images."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lesions.command_line.experiments import flatten, read_settings, read_test_predictions
from lesions.errors import InputError
from lesions.evaluation.comparison import CompareParameters
from lesions.evaluation.repeats import RepeatedComparison, compare_repeats
from lesions.evaluation.verdict import METRIC_WORDS, list_leads, spell_bounds
from lesions.parameters.models import read_models
from lesions.parameters.section import read_parameters, read_section

SEED = "training.seed"


def run_repeats(num_seeds: int, params: Path) -> None:
    """Run the experiments that are missing, one a seed, and compare the models over all of them."""
    wanted = flatten(read_parameters(params))
    found = find_seeds(wanted, num_seeds)
    missing = [seed for seed in range(num_seeds) if seed not in found]
    if missing:
        print(f"training from the seeds {', '.join(map(str, missing))}; {len(found)} are there", flush=True)
        for seed in missing:
            run_dvc("exp", "run", "--queue", "--set-param", f"{SEED}={seed}")
        run_dvc("exp", "run", "--run-all")
        found = find_seeds(wanted, num_seeds)
        lost = [seed for seed in range(num_seeds) if seed not in found]
        if lost:
            raise InputError(
                f"the experiment of the seed {', '.join(map(str, lost))} failed; `dvc queue logs` may say why, "
                "and another call goes on with what is missing"
            )
    repeats = {seed: read_test_predictions(found[seed]) for seed in range(num_seeds)}
    models = read_models(params)
    compared = compare_repeats(repeats, rivals=models)
    Console().print(build_table(compared))
    metric = read_section(params, "compare", CompareParameters).metric
    for line in list_leads(compared.comparison, models, metric, num_seeds=compared.num_seeds):
        print(line)


def find_seeds(wanted: Mapping[str, object], num_seeds: int) -> dict[int, str]:
    """Return for each seed the experiment that differs in nothing else from the parameters of the workspace."""
    settings = {name: flatten(found) for name, found in read_settings([]).items()}
    return {
        seed: name for seed in range(num_seeds) for name, found in settings.items() if found == {**wanted, SEED: seed}
    }


def run_dvc(*arguments: str) -> None:
    """Run DVC, which shows what it does."""
    if subprocess.run([sys.executable, "-m", "dvc", *arguments], check=False).returncode:
        raise InputError(f"`dvc {' '.join(arguments)}` failed")


def build_table(compared: RepeatedComparison) -> Table:
    """Lay out for each model and metric the mean over seeds, its interval, and the lowest and highest seed."""
    table = Table("", "mean of seeds", "95 % interval", "seeds, from and to", box=None)
    for model in compared.comparison.models:
        table.add_row(model)
        for metric in compared.comparison.metrics:
            estimate = compared.comparison.scores[model, metric]
            values = compared.values[model, metric]
            table.add_row(
                f"  {METRIC_WORDS[metric]}",
                f"{estimate.value:.3f}",
                spell_bounds(estimate),
                f"{min(values):.3f} to {max(values):.3f}",
            )
    return table
