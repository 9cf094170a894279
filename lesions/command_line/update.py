"""`lesions update`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesions.errors import InputError
from lesions.project.root import PIPELINE

if TYPE_CHECKING:
    from lesions.repository.update import Step


def update(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Bring the files of the installed version into a repository that `lesions init` made.

    A file that nobody has changed is replaced. One that both sides have changed is merged, or stays as it is with the
    new version beside it; what either side changed is shown.
    """
    from lesions.repository.requirement import find_requirement
    from lesions.repository.shipped import list_shipped, recognise_ci
    from lesions.repository.update import apply_update, list_new_defaults, plan_update
    from lesions.stage.package import LOCK, read_lock

    root = Path()
    if Path(PIPELINE).is_file() and not LOCK.is_file():
        raise InputError(f"{LOCK}: there is no such file; git brings later versions into a clone of lesions")
    requirement = find_requirement()
    shipped = list_shipped(requirement, recognise_ci(read_lock(LOCK).files))
    steps, defaults = plan_update(root, shipped), list_new_defaults(root, shipped)
    print("\n".join(line for step in steps for line in describe_step(step)) or "no file differs between the versions")
    if defaults:
        print(
            f"these defaults are new or others; `lesions check` names what params.yaml lacks: {', '.join(defaults)}"
        )
    if requirement.doubt:
        print(f"doubt: {requirement.doubt}")
    if dry_run:
        print("nothing was written")
        return
    apply_update(root, steps, shipped)
    print("`dvc repro` will run what the new version reaches; `lesions check` says which stages these are")


def describe_step(step: "Step") -> list[str]:
    """Return what is done with a file, and what each side has changed."""
    sides = (("changed here", step.ours), ("changed by the new version", step.theirs))
    return [f"{step.name}: {step.action}", *(f"--- {title}\n{text}" for title, text in sides if text)]
