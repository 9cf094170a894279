"""Follow the imports of each stage, so that DVC reruns exactly the stages that an edit reaches.

DVC does not follow imports. Every other stage depends on the file that this stage writes for it. Stages that
build networks have one file per model, `<stage>@<model>.json`: an edit of a network of one's own, which a parameter
names and no file imports, retrains only its model.

    python -m stages.trace_code --stages stages --lock requirements.lock --folder data/code

It takes about a second.
"""

from pathlib import Path
from typing import Annotated

import typer

from lesions.formats.atomic import atomic_folder
from lesions.networks.parameters import list_own_files
from lesions.parameters.combinations import list_members
from lesions.parameters.exports import read_exports
from lesions.stage.code import write_code
from lesions.stage.imports import read_versions, trace_stages
from lesions.stage.run import run_stage


def main(
    stages: Annotated[Path, typer.Option(help="Folder of the stages; the packages they import are beside it.")],
    lock: Annotated[Path, typer.Option(help="The lock file that pins the version of each package.")],
    folder: Annotated[Path, typer.Option(help="Written: a folder with <stage>.json for each stage.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Write the files that each stage reaches, with their sha256, and the packages they import, with versions."""
    read_exports(params)  # its names stand in commands, which DVC runs only after this stage
    traces = trace_stages(stages, read_versions(lock), list_own_files(params), list_members(params))
    with atomic_folder(folder) as temporary:
        for stage, code in traces.items():
            write_code(temporary / f"{stage}.json", code)


if __name__ == "__main__":
    run_stage(main)
