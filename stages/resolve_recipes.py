"""Write each model's recipe: all parameters that decide its weights, with the model's overrides.

The stage `train` of a model depends only on the recipe of that model. A change of a shared section, such as `loss`,
therefore retrains only the models whose recipe it changes. `pretrain` depends on a file of its own, which has nothing
that only training uses.

    python -m stages.resolve_recipes --recipes data/recipes --pretraining data/pretraining

It takes a second.
"""

from pathlib import Path
from typing import Annotated

import typer

from lesions.formats.atomic import atomic_folder
from lesions.parameters.models import read_models
from lesions.stage.run import run_stage
from lesions.training.pretraining_recipe import resolve_pretraining, write_pretraining
from lesions.training.recipe import list_overridden, resolve_recipe, write_recipe


def main(
    recipes: Annotated[Path, typer.Option(help="Written: a folder with <model>.json for each model.")],
    pretraining: Annotated[Path, typer.Option(help="Written: a folder with <model>.json for each model.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Resolve the recipe of each model in `models` and of its pretraining, and print what each model overrides."""
    with atomic_folder(recipes) as folder, atomic_folder(pretraining) as of_pretraining:
        for model in read_models(params):
            recipe = resolve_recipe(params, model)
            write_recipe(folder / f"{model}.json", recipe)
            write_pretraining(of_pretraining / f"{model}.json", resolve_pretraining(params, recipe))
            if overridden := list_overridden(params, model):
                print(f"{model} overrides {', '.join(overridden)}")


if __name__ == "__main__":
    run_stage(main)
