"""Write each model's recipe: all parameters that decide its weights, with the model's overrides.

The stage `train` of a model depends only on the recipe of that model. A change of a shared section, such as `loss`,
therefore retrains only the models whose recipe it changes.

    python -m stages.resolve_recipes --recipes data/recipes

It takes a second.
"""

from pathlib import Path
from typing import Annotated

import typer

from lesions.formats.atomic import atomic_folder
from lesions.parameters.models import read_models
from lesions.stage.run import run_stage
from lesions.training.recipe import list_overridden, resolve_recipe, write_recipe


def main(
    recipes: Annotated[Path, typer.Option(help="Written: a folder with <model>.json for each model.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Resolve the recipe of each model in `models`, and print what each model overrides."""
    with atomic_folder(recipes) as folder:
        for model in read_models(params):
            write_recipe(folder / f"{model}.json", resolve_recipe(params, model))
            if overridden := list_overridden(params, model):
                print(f"{model} overrides {', '.join(overridden)}")


if __name__ == "__main__":
    run_stage(main)
