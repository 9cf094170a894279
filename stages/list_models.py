"""Remove the outputs of models and ensembles that are no longer listed, and write the list of those that are.

`compare` and `report` depend on whole folders, which DVC hashes as they are: the outputs of a model that was removed
from the list would still be compared and reported, and no clone would have them.

    python -m stages.list_models --data data --metrics metrics --plots plots --listed data/listed.json

It takes a second.
"""

from pathlib import Path
from typing import Annotated

import typer

from lesions.formats.json_file import write_json
from lesions.parameters.combinations import read_combination
from lesions.parameters.exports import read_exports
from lesions.parameters.models import read_ensembles, read_models
from lesions.stage.run import run_stage
from lesions.tables.paths import ModelPaths, find_left_over, remove_outputs


def main(
    data: Annotated[Path, typer.Option(help="Folder of the checkpoints, logits, predictions and pictures.")],
    metrics: Annotated[Path, typer.Option(help="Folder of the metrics.")],
    plots: Annotated[Path, typer.Option(help="Folder of the plots.")],
    listed: Annotated[Path, typer.Option(help="Written: the models and ensembles of the run.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Remove all outputs that no model in `models` and no ensemble in `ensembles` of the parameter file writes."""
    models, ensembles = read_models(params), read_ensembles(params)
    for ensemble in ensembles:
        read_combination(params, ensemble)  # refused here, not after the networks have been trained
    export, folders = read_exports(params), ModelPaths("", data, metrics, plots)
    exported = [*export.models, *export.ensembles]
    for name, outputs in find_left_over(models, ensembles, folders, exported=exported).items():
        remove_outputs(ModelPaths(name, data, metrics, plots), outputs)
        if {*outputs} <= {*ModelPaths(name, data, metrics, plots).exported}:
            listed_as = "export.models or export.ensembles"
        else:
            listed_as = "models" if name in ensembles else "ensembles" if name in models else "models or ensembles"
        print(f"removed the files of {name}, which is not in {listed_as} of {params}")
    write_json(listed, {"models": models, "ensembles": ensembles})


if __name__ == "__main__":
    run_stage(main)
