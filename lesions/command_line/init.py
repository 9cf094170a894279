"""`lesions init`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from lesions.command_line.options import find_typed
from lesions.errors import InputError, quote_value

NEXT = """
{folder} is ready. What is next, in that folder:

    lesions check        what a run needs
    dvc repro            the run; report/index.html is its page
    git add --all && git commit --message "First run"

Its README.md says how a colleague or a job sets it up."""

FOLDER_OF_IMAGES, TABLE = "1", "2"

FIELDS = {
    "image_id": "the image",
    "diagnosis": "the diagnosis",
    "patient_id": "the patient (empty: none)",
    "lesion_id": "the lesion (empty: none)",
}
"""What is asked for of a table, by field; the first two are needed."""


def init(
    folder: Annotated[
        Path, typer.Argument(help="A new folder, or one that has nothing but data/raw/.", callback=find_typed)
    ],
    images: Annotated[
        Path | None,
        typer.Option(help="Your images; without a table, each folder is a diagnosis.", callback=find_typed),
    ] = None,
    table: Annotated[
        Path | None, typer.Option(help="A table with an image and its diagnosis in each row.", callback=find_typed)
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=NAME: a field and its column, such as patient_id=patient.")
    ] = None,
    word: Annotated[
        list[str] | None, typer.Option(help="WORD=DIAGNOSIS: what a cell or a folder means, such as mole=nevus.")
    ] = None,
    malignant: Annotated[list[str] | None, typer.Option(help="A diagnosis of your own that is malignant.")] = None,
    benign: Annotated[list[str] | None, typer.Option(help="A diagnosis of your own that is benign.")] = None,
    neither: Annotated[list[str] | None, typer.Option(help="A diagnosis of your own that is neither.")] = None,
    ci: Annotated[Literal["github", "gitlab", "none"], typer.Option(help="Whose CI it gets a file for.")] = "none",
    subdirectory: Annotated[
        bool, typer.Option("--subdirectory", help="Make it a folder of the git repository that it lies in.")
    ] = False,
) -> None:
    """Make a repository of your own: git, DVC, the pipeline, and the parameters of your images.

    On a terminal it asks for the images if no option names them.
    """
    from lesions.command_line.check import print_findings
    from lesions.repository.creation import check_free, check_git, create_repository
    from lesions.repository.description import describe_data
    from lesions.repository.requirement import find_requirement
    from lesions.repository.shipped import list_shipped

    if subdirectory and ci != "none":
        raise InputError(f"--ci {ci} is for the root of a git repository; leave it out with --subdirectory")
    check_free(folder)
    check_git(folder, in_git=subdirectory)
    columns = split_pairs("--column", column or ())
    if images is None and table is None and sys.stdin.isatty():
        images, table, columns = ask_for_data()
    description = describe_data(
        images,
        table,
        columns=columns,
        words=split_pairs("--word", word or ()),
        sides={"malignant": malignant or (), "benign": benign or (), "neither": neither or ()},
    )
    requirement = find_requirement()
    findings = create_repository(folder, description, list_shipped(requirement, ci), in_git=subdirectory)
    if requirement.doubt:
        findings.doubts.append(requirement.doubt)
    print_findings(findings)
    print(NEXT.format(folder=folder))


def split_pairs(option: str, pairs: Sequence[str]) -> dict[str, str]:
    """Return what an option says of each name; raise InputError for what is no pair, and for a name that is twice."""
    split: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals and value):
            raise InputError(f"{option} {quote_value(pair)}: expected two names with = between them")
        if name in split:
            raise InputError(f"{option} names {quote_value(name)} twice")
        split[name] = value
    return split


def ask_for_data() -> tuple[Path | None, Path | None, dict[str, str]]:
    """Ask on the terminal for the folder of the images, or for the table and its columns."""
    print(f"Which data?  {FOLDER_OF_IMAGES}: a folder of images for each diagnosis  {TABLE}: images and a table")
    if typer.prompt("1 or 2", default=FOLDER_OF_IMAGES).strip() != TABLE:
        return Path(typer.prompt("The folder that holds these folders")), None, {}
    images, table = Path(typer.prompt("The folder of the images")), Path(typer.prompt("The table in it"))
    names = {field: typer.prompt(f"The column of {what}", default="") for field, what in FIELDS.items()}
    return images, table, {field: name for field, name in names.items() if name}
