"""The study of a search: which trials there were, which are running, and which is next.

Optuna keeps it in a database, which several machines can share.
"""

import time
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import RDBStorage
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from lesions.errors import InputError, cut_value
from lesions.experiments.inputs import Inputs
from lesions.experiments.running import SEARCHES
from lesions.experiments.search.lease import (
    LEASE_SECONDS,
    RENEWAL_SECONDS,
    ask_again,
    begin_lease,
    take_turns,
    without_warnings,
)
from lesions.experiments.search.space import MAXIMISED, Choices, Domain, Pruner, SearchSettings, SearchSpace

WAITS_SECONDS = (0.5, 2)
"""How long to wait after each failed attempt to open a database but the last."""

STARTUP_TRIALS = 5
"""Trials that end before the first one is compared with their median and pruned."""

FAILURE = "failure"
"""The attribute of a trial that failed by itself, such as by a loss that diverged: why. It is not asked again."""

COMMIT = "commit"
"""The attribute of a trial that ran to its end: the commit of its experiment."""


def find_storage(space: SearchSpace, url: str | None) -> str:
    """Return the URL of the study's database: the one that is given, or that of a file beside `.resume/`."""
    if url is not None:
        return url
    SEARCHES.mkdir(exist_ok=True)
    return f"sqlite:///{SEARCHES}/{space.settings.study}.db"


def open_study(storage: str, space: SearchSpace, *, num_epochs: int, create: bool = True) -> Study:
    """Open the study of a search.

    Parameters
    ----------
    storage
        The URL of a database.
    num_epochs
        The epochs of a training, which Hyperband shares out.
    create
        Whether to begin the study if it is not there.

    Raises
    ------
    InputError
        If the database cannot be opened, or if there is no study in it and none is to begin.
    """
    settings = space.settings
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = build_pruner(settings.pruner, num_epochs)
    try:
        url = make_url(storage)
    except ArgumentError as error:
        raise InputError("--storage: not the URL of a database, such as sqlite:///study.db") from error
    shown = url.render_as_string(hide_password=True)
    try:
        if not create and url.drivername == "sqlite" and not Path(url.database or "").is_file():
            raise InputError(f"{shown}: there is no study yet; `lesions search SPACE.yaml` begins one")
        with without_warnings():
            database = open_database(storage)
            if not create:
                return optuna.load_study(study_name=settings.study, storage=database, pruner=pruner)
            directions = [
                StudyDirection.MAXIMIZE if each in MAXIMISED else StudyDirection.MINIMIZE
                for each in settings.objectives
            ]
            return optuna.create_study(
                study_name=settings.study, storage=database, pruner=pruner, directions=directions, load_if_exists=True
            )
    except KeyError as error:
        raise InputError(f"{shown}: has no study {settings.study}; `lesions search SPACE.yaml` begins it") from error
    except (ImportError, SQLAlchemyError) as error:
        reason = cut_value(str(getattr(error, "orig", None) or error).splitlines()[0])
        raise InputError(f"{shown}: this database cannot be opened: {reason}") from error


def open_database(storage: str) -> RDBStorage:
    """Open a database, and make its tables if it has none.

    Of two processes that make them at once, one meets what the other has made so far, fails, and tries again.
    """
    connect = partial(
        RDBStorage,
        storage,
        heartbeat_interval=RENEWAL_SECONDS,
        grace_period=LEASE_SECONDS,
        heartbeat_stale_trial_callback=ask_again,
    )
    for seconds in WAITS_SECONDS:
        with suppress(IntegrityError, OperationalError, ProgrammingError):
            return connect()
        time.sleep(seconds)
    return connect()


def check_same_space(study: Study, space: SearchSpace, path: Path) -> None:
    """Refuse to go on with a study of another space; only the number of trials may change.

    The first call records the space.
    """
    about = space.settings.model_dump(mode="json", exclude={"trials"})
    about |= {"parameters": {name: domain.model_dump(mode="json") for name, domain in space.domains.items()}}
    begun = study.user_attrs.get("space")
    if begun is None:
        study.set_user_attr("optuna", optuna.__version__)
        study.set_user_attr("space", about)
        return
    if changed := sorted(name for name in about.keys() | begun.keys() if about.get(name) != begun.get(name)):
        raise InputError(
            f"{path}: the study {space.settings.study} was begun with another {', '.join(changed)}; give search.study"
            " another name, or undo the change"
        )
    if study.user_attrs["optuna"] != optuna.__version__:
        print(
            f"the study was begun with Optuna {study.user_attrs['optuna']}; {optuna.__version__}, with which it goes "
            "on, may ask other trials from the same seed",
            flush=True,
        )


def read_begun_inputs(study: Study, now: Inputs) -> Inputs:
    """Return what the trials of a study read; the first call records what the workspace reads now."""
    if "inputs" not in study.user_attrs:
        study.set_user_attr("inputs", asdict(now))
    return Inputs(**study.user_attrs["inputs"])


def count_trials(study: Study) -> tuple[int, int]:
    """Return the number of trials that have ended, and of those that run.

    Trials that were killed have not ended: another one takes the place of each.
    """
    trials = study.get_trials(deepcopy=False)
    return sum(map(has_ended, trials)), sum(trial.state == TrialState.RUNNING for trial in trials)


def has_ended(trial: FrozenTrial) -> bool:
    """Return whether a trial completed, was pruned, or failed by itself."""
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or FAILURE in trial.user_attrs


def ask_trial(study: Study, space: SearchSpace) -> Trial | None:
    """Return the next trial, or None if other processes took the last ones in the meantime.

    The values of trial n depend on the seed, on n and on the trials that have ended, so that a search which is
    stopped and goes on asks what it would have asked.
    """
    settings = space.settings
    distributions = {name: build_distribution(domain) for name, domain in space.domains.items()}
    number = len(study.get_trials(deepcopy=False))
    study.sampler = build_sampler(settings, number)
    with take_turns():
        trial = study.ask(distributions)
    begin_lease(study, trial)
    earlier = [each for each in study.get_trials(deepcopy=False) if each.number < trial.number]
    num_taken = sum(has_ended(each) or each.state == TrialState.RUNNING for each in earlier)
    if num_taken >= settings.trials or trial.number > number:
        study.tell(trial, state=TrialState.FAIL)  # another process asked at the same moment
        return None
    return trial


def build_sampler(settings: SearchSettings, number: int) -> BaseSampler:
    """Return the sampler that asks the trial of this number."""
    seed = int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0])
    return TPESampler(seed=seed) if settings.sampler == "tpe" else RandomSampler(seed=seed)


def build_pruner(pruner: Pruner, num_epochs: int) -> BasePruner:
    """Return what decides whether a trial is pruned."""
    if pruner.kind == "median":
        return MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=pruner.warmup_epochs)
    if pruner.kind == "hyperband":
        return HyperbandPruner(min_resource=pruner.warmup_epochs, max_resource=max(num_epochs, pruner.warmup_epochs))
    return NopPruner()


def build_distribution(domain: Domain) -> BaseDistribution:
    """Return Optuna's description of the values of a parameter."""
    if isinstance(domain, Choices):
        return CategoricalDistribution(domain.labels)
    low, high = domain.ends
    if domain.whole:
        return IntDistribution(low, high, log=domain.log, step=int(domain.step or 1))
    return FloatDistribution(low, high, log=domain.log, step=domain.step)
