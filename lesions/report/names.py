"""The names by which the report calls models: readable ones, which their code names are shown beside once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.references import name_network
from lesions.formats.json_file import PlotRows
from lesions.tables.ensembles import Ensemble
from lesions.tables.paths import ModelPaths


@dataclass(frozen=True)
class ReportedModel(ModelPaths):
    """A model's files, and the name to show.

    Attributes
    ----------
    name
        Differs between all models of a run.
    """

    name: str = ""


def list_reported(code_names: Sequence[str], data: Path, metrics: Path, plots: Path) -> list[ReportedModel]:
    """Return the files and the readable name of each model; names that would read alike are not used."""
    names = [name_network(code_name) for code_name in code_names]
    if len({*names}) < len(names):
        names = list(code_names)
    return [
        ReportedModel(code_name, data, metrics, plots, name)
        for code_name, name in zip(code_names, names, strict=True)
    ]


def rename_members(ensemble: Ensemble, models: Sequence[ReportedModel]) -> Ensemble:
    """Return an ensemble with the readable names of its members; imported ones keep theirs."""
    names = {one.model: one.name for one in models}
    return replace(ensemble, weight={names.get(name, name): weight for name, weight in ensemble.weight.items()})


def rename_rows(rows: PlotRows, models: Sequence[ReportedModel]) -> PlotRows:
    """Return plot rows with the readable names of the models."""
    names = {one.model: one.name for one in models}
    return [{**row, "model": names.get(row["model"], row["model"])} for row in rows]


def rename_models(comparison: Comparison, models: Sequence[ReportedModel]) -> Comparison:
    """Return the comparison with the readable names of the models; baselines and probes keep theirs."""
    names = {one.model: one.name for one in models}

    def rename(code_name: str) -> str:
        return names.get(code_name, code_name)

    return Comparison(
        {(rename(model), metric): score for (model, metric), score in comparison.scores.items()},
        {
            (rename(first), rename(second), metric): difference
            for (first, second, metric), difference in comparison.differences.items()
        },
        {(rename(model), metric): score for (model, metric), score in comparison.on_validation.items()},
    )
