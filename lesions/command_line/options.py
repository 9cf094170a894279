"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ParamsOption = Annotated[Path, typer.Option(help="The parameter file.")]

PARAMS = Path("params.yaml")
