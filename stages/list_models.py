"""Remove the outputs of models that are no longer listed, and write the list of those that are.

`compare` and `report` depend on whole folders, which DVC hashes as they are: the outputs of a model that was removed
from the list would still be compared and reported, and no clone would have them.

    python -m stages.list_models --data data --metrics metrics --plots plots --listed data/listed.json

It takes a second.
"""

from pathlib import Path
from typing import Annotated

import typer

from lesions.formats.json_file import write_json
from lesions.parameters.models import read_models
from lesions.stage.run import run_stage
from lesions.tables.paths import ModelPaths, find_unlisted, remove_outputs


def main(
    data: Annotated[Path, typer.Option(help="Folder of the checkpoints, logits, predictions and pictures.")],
    metrics: Annotated[Path, typer.Option(help="Folder of the metrics.")],
    plots: Annotated[Path, typer.Option(help="Folder of the plots.")],
    listed: Annotated[Path, typer.Option(help="Written: the models of the run.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Remove the outputs of every model that is not in `models` of the parameter file."""
    models = read_models(params)
    for model in find_unlisted(models, ModelPaths("", data, metrics, plots)):
        remove_outputs(ModelPaths(model, data, metrics, plots))
        print(f"removed the files of {model}, which is not in models of {params}")
    write_json(listed, {"models": models})


if __name__ == "__main__":
    run_stage(main)
