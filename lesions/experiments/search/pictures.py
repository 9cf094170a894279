"""The pictures of a search."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lesions.drawing.style import MODEL_COLOURS, new_figure
from lesions.experiments.search.figures import OBJECTIVE_WORDS
from lesions.experiments.search.space import MAXIMISED, Choices, Domain, Objective

BLUE, ORANGE, *_, GREY = MODEL_COLOURS
SCALE = LinearSegmentedColormap.from_list("worst to best", ["#DDDDDD", "#56B4E9", BLUE, "#002B4D"])
"""From the worst trial to the best one; it gets darker, so that it can be read without its colours."""

NAME_CHARACTERS = 32
"""Of a longer name of a parameter, the end is shown."""

CHOICE_CHARACTERS = 26
"""Of a longer choice, the beginning is shown."""


@dataclass(frozen=True)
class ShownTrial:
    """A trial as pictures show it.

    Attributes
    ----------
    number
        Its number.
    asked
        The values of its parameters, as the study asked them.
    figures
        Its objectives; of a trial that was pruned, the first one at its last epoch.
    is_pruned
        Whether it was pruned.
    """

    number: int
    asked: Mapping[str, Any]
    figures: Mapping[Objective, float]
    is_pruned: bool


def plot_trials(trials: Sequence[ShownTrial], objective: Objective, default: float | None) -> Figure:
    """Plot the objective of each trial in the order of their numbers, the best so far, and that of the defaults."""
    figure, axes = new_figure(width=6.4, height=3.6)
    whole = [trial for trial in trials if not trial.is_pruned]
    pruned = [trial for trial in trials if trial.is_pruned and objective in trial.figures]
    best = (np.maximum if objective in MAXIMISED else np.minimum).accumulate(
        [each.figures[objective] for each in whole]
    )
    numbers = [trial.number for trial in whole]
    axes.step(numbers, best, where="post", color=BLUE, label="best so far")
    axes.plot(numbers, [trial.figures[objective] for trial in whole], "o", color=BLUE, label="trial")
    if pruned:
        values = [trial.figures[objective] for trial in pruned]
        axes.plot([trial.number for trial in pruned], values, "x", color=GREY, label="pruned, at its last epoch")
    if default is not None:
        axes.axhline(default, color=ORANGE, linestyle="--", label="parameters of the workspace")
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{OBJECTIVE_WORDS[objective]} on validation")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    return figure


def plot_importances(importances: Mapping[str, float], objective: Objective) -> Figure:
    """Plot what share of the variation among trials each parameter accounts for, the largest at the top."""
    figure, axes = new_figure(width=6.4, height=1.2 + 0.35 * len(importances))
    names = [*importances][::-1]
    bars = axes.barh([label_parameter(name) for name in names], [importances[name] for name in names], color=BLUE)
    axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    axes.set_xlim(0, 1.1 * max(importances.values(), default=1) or 1)
    axes.set_xlabel(f"importance for {OBJECTIVE_WORDS[objective]}, in all 1")
    return figure


def plot_front(trials: Sequence[ShownTrial], front: Sequence[int], objectives: Sequence[Objective]) -> Figure:
    """Plot the first objective against each other one; trials that no other beats in all of them stand out."""
    first, *others = objectives
    figure = Figure(figsize=(3.6 * len(others) + 0.4, 3.6), layout="constrained")
    for axes, other in zip(figure.subplots(1, len(others), squeeze=False)[0], others, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        for is_best, marker, colour, label in ((False, "o", GREY, "other trials"), (True, "D", BLUE, "Pareto front")):
            chosen = [trial for trial in trials if not trial.is_pruned and (trial.number in front) == is_best]
            chosen.sort(key=lambda trial: trial.figures[other])
            x, y = ([trial.figures[name] for trial in chosen] for name in (other, first))
            axes.plot(x, y, marker, color=colour, label=label, markersize=5)
            if is_best:
                for trial in chosen:
                    place = (trial.figures[other], trial.figures[first])
                    axes.annotate(str(trial.number), place, (4, 4), textcoords="offset points", fontsize=7)
        axes.set_xlabel(f"{OBJECTIVE_WORDS[other]} ({'higher' if other in MAXIMISED else 'lower'} is better)")
        axes.set_ylabel(f"{OBJECTIVE_WORDS[first]} on validation")
        axes.margins(0.1)
    figure.legend(*axes.get_legend_handles_labels(), fontsize=8, loc="outside upper left", ncols=2, frameon=False)
    return figure


def plot_parallel(trials: Sequence[ShownTrial], domains: Mapping[str, Domain], objective: Objective) -> Figure:
    """Plot each trial as a line through its values of all parameters; the darker, the better."""
    whole = [trial for trial in trials if not trial.is_pruned]
    values = np.array([trial.figures[objective] for trial in whole])
    places = np.column_stack(
        [
            *(place_values(domain, [trial.asked[name] for trial in whole]) for name, domain in domains.items()),
            (values - values.min()) / (np.ptp(values) or 1),
        ]
    )
    figure = Figure(figsize=(1.6 * places.shape[1] + 1.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[:].set_visible(False)
    norm = Normalize(values.min(), values.max() if np.ptp(values) else values.min() + 1)
    scale = SCALE if objective in MAXIMISED else SCALE.reversed()
    for number in np.argsort(values if objective in MAXIMISED else -values, kind="stable"):
        axes.plot(places[number], color=scale(norm(values[number])), linewidth=1.4)
    for place, domain in enumerate(domains.values()):
        draw_axis(axes, place, list_ticks(domain))
    draw_axis(axes, len(domains), [(0.0, f"{values.min():.3g}"), (1.0, f"{values.max():.3g}")])
    names = [*map(label_parameter, domains), OBJECTIVE_WORDS[objective]]
    axes.set_xticks(range(len(names)), [name.replace(".", ".\n").replace(" ", "\n") for name in names], fontsize=8)
    axes.set_yticks([])
    axes.set_xlim(-0.5, len(names) - 0.6)
    axes.tick_params(length=0)
    bar = figure.colorbar(ScalarMappable(norm, scale), ax=axes, shrink=0.6)
    bar.set_label(f"{OBJECTIVE_WORDS[objective]} on validation", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure


def draw_axis(axes: Axes, place: int, ticks: Sequence[tuple[float, str]]) -> None:
    """Draw the vertical axis of one parameter, with some of its values."""
    axes.axvline(place, color="black", linewidth=0.8)
    for height, label in ticks:
        axes.annotate(
            label,
            (place, height),
            (3, 0),
            textcoords="offset points",
            fontsize=7,
            va="center",
            zorder=9,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
        )


def place_values(domain: Domain, asked: Sequence[Any]) -> NDArray[np.float64]:
    """Return where values lie in their domain, from 0 to 1."""
    if isinstance(domain, Choices):
        return np.array([domain.labels.index(value) for value in asked]) / (len(domain.choices) - 1)
    low, high, values = domain.low, domain.high, np.array(asked, dtype=float)
    if domain.log:
        low, high, values = np.log(low), np.log(high), np.log(values)
    return np.asarray((values - low) / (high - low))


def list_ticks(domain: Domain) -> list[tuple[float, str]]:
    """Return the places of some values of a domain, with their labels."""
    if isinstance(domain, Choices):
        places = place_values(domain, domain.labels)
        return [(float(place), spell_choice(label)) for place, label in zip(places, domain.labels, strict=True)]
    middle = np.sqrt(domain.low * domain.high) if domain.log else (domain.low + domain.high) / 2
    return [(height, f"{value:.3g}") for height, value in ((0.0, domain.low), (0.5, middle), (1.0, domain.high))]


def label_parameter(name: str) -> str:
    """Return the name of a parameter as pictures show it, without `architectures.<model>.`."""
    short = name.split(".", 2)[2] if name.count(".") > 1 and name.startswith("architectures.") else name
    return short if len(short) <= NAME_CHARACTERS else f"…{short[1 - NAME_CHARACTERS :]}"


def spell_choice(label: str) -> str:
    """Return a choice without the brackets and quotes of sections, cut to `CHOICE_CHARACTERS`."""
    plain = re.sub(r'[{}"]', "", label)
    return plain if len(plain) <= CHOICE_CHARACTERS else f"{plain[: CHOICE_CHARACTERS - 1]}…"
