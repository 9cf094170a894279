"""Plot and describe what a model loses on images that are blurred, darkened, turned or altered in other ways."""

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from lesions.drawing.style import MODEL_COLOURS, MODEL_MARKERS, spell
from lesions.evaluation.interval import Estimate
from lesions.evaluation.verdict import METRIC_WORDS, spell_estimate
from lesions.report.names import ReportedModel
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import WIDTH, put_legend_on_top
from lesions.report.summary import Summary, read_rows, read_summary

COLUMNS = 3


class WorstChanges(Summary):
    """What `metrics/<model>/robustness.json` says of the worst condition of each metric: altered minus unaltered."""

    worst_balanced_accuracy_difference: Estimate
    worst_sensitivity_difference: Estimate | None = None

    def of(self, metric: str) -> Estimate:
        """Return the change of a metric, which the rows of the plot have too."""
        estimate: Estimate = getattr(self, f"worst_{metric}_difference")
        return estimate


class RobustnessRow(Summary):
    """A row of `plots/<model>/robustness.json`: altered minus unaltered, for one metric; bounds may be unknown."""

    corruption: str
    strength: int
    setting: str
    metric: str
    difference: float
    low: float | None
    high: float | None


def build_robustness_pictures(models: Sequence[ReportedModel]) -> Iterator[Picture]:
    """Build the picture of each model that was tried on altered images."""
    for one in models:
        path = one.plots / one.model / "robustness.json"
        rows = read_rows(path, RobustnessRow) if path.is_file() else []
        if rows:
            is_single = len({row.strength for row in rows}) == 1
            yield embed_figure(
                f"Altered images, {one.name}",
                plot_strength(rows) if is_single else plot_strengths(rows),
                describe_robustness(one.name, rows, read_summary(one.metrics_file("robustness"), WorstChanges)),
                alt=f"{'One line' if is_single else 'One square by strength'} per corruption: the change of each "
                "metric, with the 95 % interval of each alone.",
            )


def plot_strength(rows: Sequence[RobustnessRow]) -> Figure:
    """Plot the change of each metric at the one strength that there is, one line per corruption."""
    corruptions = list(dict.fromkeys(row.corruption for row in rows))
    metrics = list(dict.fromkeys(row.metric for row in rows))
    figure = Figure(figsize=(WIDTH, 0.9 + 0.36 * len(corruptions)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color="#888888", linestyle=":", linewidth=1, label="unaltered")
    for place, (metric, colour, marker) in enumerate(zip(metrics, MODEL_COLOURS, MODEL_MARKERS, strict=False)):
        shift = 0.3 * (place - (len(metrics) - 1) / 2)
        for row in (row for row in rows if row.metric == metric):
            y = corruptions.index(row.corruption) + shift
            if row.low is not None and row.high is not None:
                axes.plot([row.low, row.high], [y, y], color=colour, linewidth=1.5)
            words = METRIC_WORDS.get(metric, spell(metric))
            label = words if row.corruption == corruptions[0] else None
            axes.plot(row.difference, y, marker, color=colour, ms=5, label=label)
    axes.set_yticks(range(len(corruptions)), [name_corruption(corruption) for corruption in corruptions])
    axes.set_ylim(len(corruptions) - 0.5, -0.5)
    axes.set_xlabel(
        f"change on test images, at strength {rows[0].strength} of 5\n(lines: the 95 % interval of each alone)"
    )
    axes.spines[["top", "right"]].set_visible(False)
    put_legend_on_top(figure, axes)
    return figure


def plot_strengths(rows: Sequence[RobustnessRow]) -> Figure:
    """Plot the change of each metric by strength, one square per corruption."""
    corruptions = list(dict.fromkeys(row.corruption for row in rows))
    metrics = list(dict.fromkeys(row.metric for row in rows))
    num_lines = -(-len(corruptions) // COLUMNS)
    figure = Figure(figsize=(WIDTH, 0.9 + 1.4 * num_lines), layout="constrained")
    squares = figure.subplots(num_lines, min(COLUMNS, len(corruptions)), sharex=True, sharey=True, squeeze=False).flat
    for axes, corruption in zip(squares, corruptions, strict=False):
        axes.axhline(0, color="#888888", linestyle=":", linewidth=1, label="unaltered")
        for metric, colour, marker in zip(metrics, MODEL_COLOURS, MODEL_MARKERS, strict=False):
            part = [row for row in rows if (row.corruption, row.metric) == (corruption, metric)]
            strengths = [row.strength for row in part]
            known = [row for row in part if row.low is not None and row.high is not None]
            axes.fill_between(
                [row.strength for row in known],
                [float(row.low or 0) for row in known],
                [float(row.high or 0) for row in known],
                color=colour,
                alpha=0.2,
                linewidth=0,
            )
            words = METRIC_WORDS.get(metric, spell(metric))
            axes.plot(strengths, [row.difference for row in part], f"{marker}-", color=colour, ms=3, label=words)
        axes.set_title(name_corruption(corruption), fontsize=8)
        axes.tick_params(labelsize=8)
        axes.set_xticks([1, 2, 3, 4, 5])
        axes.spines[["top", "right"]].set_visible(False)
    for axes in figure.axes[len(corruptions) :]:
        axes.set_visible(False)
    figure.supxlabel("strength, from 1 (hardly seen) to 5", fontsize=9)
    figure.supylabel("change, and the 95 % interval of each alone", fontsize=9)
    put_legend_on_top(figure, figure.axes[0])
    return figure


def name_corruption(corruption: str) -> str:
    """Return the words for a corruption."""
    return "JPEG" if corruption == "jpeg" else spell(corruption)


def describe_robustness(model: str, rows: Sequence[RobustnessRow], worst: WorstChanges) -> str:
    """Name what costs the model most, for each metric, with the interval that allows for the choice of the worst."""
    parts = []
    for metric in dict.fromkeys(row.metric for row in rows):
        of_metric, change = [row for row in rows if row.metric == metric], worst.of(metric)
        words, lowest = METRIC_WORDS.get(metric, spell(metric)), min(of_metric, key=lambda row: row.difference)
        if change.value >= 0:
            parts.append(f"no {words} under any of {len(of_metric)} conditions")
            continue
        parts.append(
            f"most {words} with {name_corruption(lowest.corruption)} ({lowest.setting}), the worst of "
            f"{len(of_metric)} conditions: {spell_estimate(change, signed=True)}"
        )
    return f"{model} loses {'; '.join(parts)}. An interval here allows for the choice of the worst."
