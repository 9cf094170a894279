"""What a search found: sentences, a table and pictures, in `report/search/<study>/`."""

import shlex
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from lesions.drawing.style import write_figure
from lesions.errors import InputError
from lesions.evaluation.verdict import spell_estimate
from lesions.experiments.candidates import Candidate, read_candidate
from lesions.experiments.search.experiment import list_options
from lesions.experiments.search.figures import OBJECTIVE_WORDS, describe_values, spell_figure
from lesions.experiments.search.judgement import Judgement, judge_best
from lesions.experiments.search.lease import MACHINE
from lesions.experiments.search.pictures import ShownTrial, plot_front, plot_importances, plot_parallel, plot_trials
from lesions.experiments.search.space import MAXIMISED, Objective, SearchSpace
from lesions.experiments.search.study import COMMIT, FAILURE, open_study
from lesions.formats.atomic import write_text
from lesions.formats.markdown import list_table
from lesions.formats.printable import escape_markdown
from lesions.project.revisions import is_commit_here
from lesions.tables.predictions import Predictions

REPORTS = Path("report/search")


@dataclass(frozen=True)
class Found:
    """The trials of a study.

    Attributes
    ----------
    space
        Its space.
    study
        The study.
    default
        The trial with the parameters of the workspace, or None if it has not ended.
    """

    space: SearchSpace
    study: Study
    default: FrozenTrial | None

    @property
    def objectives(self) -> Sequence[Objective]:
        """What the search is to improve, the first being what the best trial is the best of."""
        return self.space.settings.objectives

    @property
    def complete(self) -> list[FrozenTrial]:
        """The trials that ran to their ends."""
        return self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    @property
    def pruned(self) -> list[FrozenTrial]:
        """The trials that were pruned."""
        return self.study.get_trials(deepcopy=False, states=(TrialState.PRUNED,))

    @property
    def best(self) -> FrozenTrial:
        """The best trial by the first objective, the first of several."""
        choose = max if self.objectives[0] in MAXIMISED else min
        return choose(self.complete, key=lambda trial: trial.values[0])

    @property
    def front(self) -> list[FrozenTrial]:
        """The trials that no other one beats in all objectives."""
        return sorted(self.study.best_trials, key=lambda trial: trial.number)

    def name(self, trial: FrozenTrial) -> str:
        """Return the name of a trial's experiment."""
        return f"{self.study.study_name}-{trial.number}"


def write_report(space: SearchSpace, path: Path, storage: str) -> Iterator[str]:
    """Draw the pictures, write the report, and yield its sentences.

    Raises
    ------
    InputError
        If no trial ran to its end.
    """
    study = open_study(storage, space, num_epochs=1, create=False)
    found = Found(space, study, find_default(storage, space))
    if not found.complete:
        raise InputError(f"no trial of {study.study_name} has run to its end; `lesions search {path}` runs them")
    folder = REPORTS / study.study_name
    judged = judge(found)
    sentences = [*describe_trials(found), *describe_best(found, judged), *describe_front(found)]
    pictures = draw_pictures(found, folder)
    write_text(folder / "report.md", render_markdown(found, path, sentences, pictures))
    yield from sentences
    yield f"{folder}/ has report.md, {', '.join(pictures)}"


def find_default(storage: str, space: SearchSpace) -> FrozenTrial | None:
    """Return the trial with the parameters of the workspace, or None if none has ended."""
    study = open_study(storage, space.of_defaults, num_epochs=1, create=False)
    return next(iter(study.get_trials(states=(TrialState.COMPLETE,))), None)


def judge(found: Found) -> Judgement | str:
    """Compare the best trial with the defaults; return why not if the predictions of one are not here."""
    if found.default is None:
        return "The parameters of the workspace have not been trained yet, so that nothing is compared with them."
    trials = {found.name(found.best): found.best, name_default(found): found.default}
    try:
        best, default = (read_validation(name, trial, found.space) for name, trial in trials.items())
    except InputError as error:
        return f"The best trial is not compared with the parameters of the workspace: {error}."
    num_trials = len(found.complete) + len(found.pruned)
    return judge_best(best, default, found.objectives[0], num_trials=num_trials)


def name_default(found: Found) -> str:
    """Return the name of the experiment with the parameters of the workspace."""
    assert found.default is not None
    return f"{found.space.of_defaults.settings.study}-{found.default.number}"


def read_validation(name: str, trial: FrozenTrial, space: SearchSpace) -> Predictions:
    """Read what a trial predicted for the validation images; raise InputError if its experiment is not here."""
    commit = trial.user_attrs[COMMIT]
    if not is_commit_here(commit):
        raise InputError(
            f"{name} ran on {trial.user_attrs[MACHINE]}; there, `dvc exp push origin {name}`, and here, "
            f"`dvc exp pull origin {name}`"
        )
    return read_candidate(Candidate(name, commit, space.settings.model)).select("val")


def describe_trials(found: Found) -> Iterator[str]:
    """Say how many trials there were, and what became of them."""
    trials = found.study.get_trials(deepcopy=False)
    failed = sum(FAILURE in trial.user_attrs for trial in trials)
    states = Counter(trial.state for trial in trials)
    stopped = states[TrialState.FAIL] - failed
    counts = [
        f"{len(found.complete)} ran to their ends",
        *([f"{len(found.pruned)} pruned"] if found.pruned else []),
        *([f"{failed} failed"] if failed else []),
        *([f"{states[TrialState.RUNNING]} running"] if states[TrialState.RUNNING] else []),
        *([f"{stopped} stopped and asked again"] if stopped else []),
    ]
    asked_for = f"{len(trials) - stopped} of {found.space.settings.trials} trials"
    yield f"{found.study.study_name} has {asked_for}: {', '.join(counts)}."


def describe_best(found: Found, judged: Judgement | str) -> Iterator[str]:
    """Say which trial is the best, how good it is, and whether it is better than the defaults."""
    best, name = found.best, found.name(found.best)
    values = found.space.list_parameters(best.params)
    figures = ", ".join(map(spell_figure, found.objectives, best.values))
    yield f"{name} is the best of {len(found.complete)} on validation: {figures}; {describe_values(values)}."
    if isinstance(judged, str):
        yield judged
    else:
        words, default = OBJECTIVE_WORDS[judged.objective], name_default(found)
        yield (
            f"Their {words} on validation, with 95 % intervals: {name} {spell_estimate(judged.best)}, {default} "
            f"(the parameters of the workspace) {spell_estimate(judged.default)}."
        )
        yield judged.describe(name, default)
    command = shlex.join(["dvc", "exp", "run", *list_options(values)])
    yield f"No trial has a score of test images. To run everything with the parameters of {name}: {command}"


def describe_front(found: Found) -> Iterator[str]:
    """Name the trials of the Pareto front, if there are several objectives."""
    if len(found.objectives) > 1:
        trials = "; ".join(
            f"{found.name(trial)} ({', '.join(map(spell_figure, found.objectives, trial.values))})"
            for trial in found.front
        )
        yield f"No other trial is better in all objectives than each of these: {trials}."


def compute_importances(found: Found) -> dict[str, float]:
    """Return what share of the first objective's variation each parameter accounts for; empty if it is not known."""
    if len({trial.values[0] for trial in found.complete}) < 2 or len(found.complete) < 3:
        return {}
    sign = -1 if found.objectives[0] in MAXIMISED else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that low values are taken to be good
        return optuna.importance.get_param_importances(found.study, target=lambda trial: sign * trial.values[0])


def draw_pictures(found: Found, folder: Path) -> dict[str, str]:
    """Draw all pictures, and return what each shows, by the names of their files."""
    first = found.objectives[0]
    trials = [show_trial(trial, found.objectives) for trial in (*found.complete, *found.pruned)]
    default = None if found.default is None else found.default.values[0]
    importances = compute_importances(found)
    drawn = {
        "trials.png": (plot_trials(trials, first, default), "The trials in the order in which they were asked"),
        "parallel.png": (
            plot_parallel(trials, found.space.domains, first),
            "Each trial's parameters (dark: good)",
        ),
    }
    if importances:
        drawn["importances.png"] = (plot_importances(importances, first), "How much each parameter matters")
    if len(found.objectives) > 1:
        front = [trial.number for trial in found.front]
        drawn["pareto.png"] = (plot_front(trials, front, found.objectives), "What one objective costs of the others")
    for name, (figure, _) in drawn.items():
        write_figure(folder / name, figure)
    return {name: title for name, (_, title) in drawn.items()}


def show_trial(trial: FrozenTrial, objectives: Sequence[Objective]) -> ShownTrial:
    """Return what pictures show of a trial."""
    figures: Mapping[Objective, float] = dict(zip(objectives, trial.values or (), strict=False))
    if trial.state == TrialState.PRUNED:
        figures = {objectives[0]: list(trial.intermediate_values.values())[-1]}
    return ShownTrial(trial.number, trial.params, figures, trial.state == TrialState.PRUNED)


def render_markdown(found: Found, path: Path, sentences: Sequence[str], pictures: Mapping[str, str]) -> str:
    """Return the report as Markdown."""
    lines = [f"# {found.study.study_name}", "", f"`lesions search {path} --report` wrote this.", ""]
    lines += [line for sentence in sentences for line in (escape_markdown(sentence), "")]
    for name, title in pictures.items():
        lines += [f"![{title}]({name})", ""]
    names = ["trial", *found.space.domains, *(OBJECTIVE_WORDS[name] for name in found.objectives)]
    rows = []
    for trial in sorted([*found.complete, *found.pruned], key=lambda trial: trial.number):
        asked = [describe_values({"": trial.params[name]}).strip() for name in found.space.domains]
        # Optuna takes the last epoch of a pruned trial for its figure.
        is_pruned = trial.state == TrialState.PRUNED
        figures = ["pruned"] * len(found.objectives) if is_pruned else [f"{value:.4g}" for value in trial.values]
        rows.append([escape_markdown(cell) for cell in (found.name(trial), *asked, *figures)])
    lines += list_table([escape_markdown(name) for name in names], rows)
    return "\n".join(lines)
