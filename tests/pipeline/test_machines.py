"""Two machines, each a clone with a cache of its own, share a search and folds in a database of PostgreSQL."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.machines import add_machine, cut_power, share, start
from tests.postgresql import PostgreSQL
from tests.repository import Repository
from tests.small_project import FILES, SCRIPTS, build_project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
optuna = pytest.importorskip("optuna")
pytest.importorskip("psycopg")

NUM_TRIALS = 3
SPACE = f"""
search: {{study: rates, model: custom_cnn, trials: {NUM_TRIALS}, sampler: random}}
parameters:
  architectures.custom_cnn.learning_rate: {{low: 0.001, high: 0.03, log: true}}
"""


@pytest.fixture
def database() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.close()


def read_until(process: psutil.Popen, pattern: str) -> str:
    """Read lines up to one that begins with a pattern, and return what its group found."""
    printed = []
    for line in process.stdout:
        printed.append(line)
        if found := re.match(pattern, line):
            return str(found[1])
    pytest.fail(f"it never said {pattern}:\n{''.join(printed)}")


def read_trials(study: str, url: str) -> list[Any]:
    """Return the trials of a study in a database."""
    storage = optuna.storages.RDBStorage(url)
    trials = optuna.load_study(study_name=study, storage=storage).get_trials()
    storage.engine.dispose()
    return list(trials)


def list_experiments(machine: Repository) -> set[str]:
    return {*machine.dvc("exp", "list", "--name-only").split()}


def test_no_trial_runs_twice_and_none_is_lost_when_a_machine_is_killed(
    database: PostgreSQL, fresh: Repository, tmp_path: Path
) -> None:
    (fresh.root / "rates.yaml").write_text(SPACE)
    origin = share(fresh, tmp_path)
    machines = [add_machine(origin, tmp_path / name) for name in ("first", "second")]
    first, second = (
        start(machine, "lesions", "search", "rates.yaml", LESIONS_SEARCH_STORAGE=database.url) for machine in machines
    )
    number = int(read_until(first, r"rates-(\d+): learning_rate"))
    cut_power(first)
    printed, _ = second.communicate()
    assert second.returncode == 0, printed
    assert f"{NUM_TRIALS} trials have ended" in printed

    trials = read_trials("rates", database.url)
    ended = [trial for trial in trials if trial.state.name == "COMPLETE"]
    assert len({*(trial.params.values() for trial in ended)}) == len(ended) == NUM_TRIALS
    assert trials[number].state.name == "FAIL"
    assert trials[number].params in [trial.params for trial in ended]
    of_first, of_second = map(list_experiments, machines)
    assert of_first | of_second == {f"rates-{trial.number}" for trial in ended} | {"rates-default-0"}
    assert not of_first & of_second


def test_each_fold_runs_once_and_all_are_pooled_on_each_machine(database: PostgreSQL, tmp_path: Path) -> None:
    slower = SCRIPTS["stages/train.py"].replace("import csv, json, os, sys\n", "import csv, json, os, sys, time\n")
    slower = slower.replace("rows = []\n", "rows = []\n        time.sleep(3)\n")
    project = build_project(tmp_path / "project", files=FILES | SCRIPTS | {"stages/train.py": slower})
    origin = share(project, tmp_path)
    machines = [add_machine(origin, tmp_path / name) for name in ("first", "second", "third")]
    first, second = (
        start(machine, "lesions", "folds", "--run", LESIONS_SEARCH_STORAGE=database.url) for machine in machines[:2]
    )
    study, number = read_until(first, r"(folds_\w+-\d+): fold").split("-")
    cut_power(first)
    printed, _ = second.communicate()
    assert second.returncode == 0, printed
    assert "24 images of 12 groups, each tested by one of 3 folds" in printed

    trials = read_trials(study, database.url)
    ended = [trial for trial in trials if trial.state.name == "COMPLETE"]
    assert sorted(trial.params["split.fold"] for trial in ended) == [0, 1, 2]
    assert trials[int(number)].state.name == "FAIL"
    names = {f"{study}-{trial.number}" for trial in ended}
    assert list_experiments(machines[1]) == names
    # A machine that comes last runs none, and pools all.
    third = machines[2].run("lesions", "folds", "--run", LESIONS_SEARCH_STORAGE=database.url).stdout
    assert f"{study}: 3 of 3 folds have been run" in third
    assert list_experiments(machines[2]) == names
    pooled = [(machine.root / "data/folds/small.csv").read_bytes() for machine in machines[1:]]
    assert pooled[0] == pooled[1]
