"""`lesions score`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lesions.command_line.options import PARAMS, find_all_typed, find_typed
from lesions.errors import InputError, quote_value
from lesions.stage.tables import print_table
from lesions.tables.run_files import CLASSES, METADATA, SPLITS, check_made

if TYPE_CHECKING:
    import pandas as pd

    from lesions.evaluation.audit import Audit
    from lesions.evaluation.audit_scores import TiedAndRest
    from lesions.evaluation.interval import Estimate


def score(
    predictions: Annotated[Path, typer.Argument(help="A CSV with a row per image.", callback=find_typed)],
    dataset: Annotated[
        str | None, typer.Option(help="The published dataset that the images are from; by default this project's.")
    ] = None,
    table: Annotated[
        list[Path] | None,
        typer.Option(
            help="A table of that dataset, with all of its images; repeat for several.", callback=find_all_typed
        ),
    ] = None,
    image: Annotated[str | None, typer.Option(help="The column that names the image, by its path or name.")] = None,
    truth: Annotated[str | None, typer.Option(help="The column of the true class.")] = None,
    predicted: Annotated[str | None, typer.Option(help="The column of the predicted class.")] = None,
    prefix: Annotated[str | None, typer.Option(help="What the columns of probabilities begin with.")] = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="WORD=DIAGNOSIS: what a word for a class means.")
    ] = None,
    split: Annotated[str, typer.Option(help="The rows to score, if there is a column split.")] = "test",
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="For malignancy: a threshold that was chosen on other images.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Written: all figures, as JSON.", callback=find_typed)] = None,
) -> None:
    """Score any table of predictions, and the images that share a patient or a lesion with others apart.

    Without --truth or a column of a usual name, the true classes are the dataset's diagnoses.
    """
    # These import pandas and scipy; the other commands start without them.
    from lesions.command_line import score_tables
    from lesions.evaluation.audit import audit_predictions
    from lesions.evaluation.audit_scores import compare_tied_with_rest, score_malignancy, score_whole
    from lesions.evaluation.calling import describe_foreign_calling
    from lesions.evaluation.interval import list_estimates
    from lesions.evaluation.operating_point import list_diagnosis_decisions
    from lesions.formats.json_file import write_metrics
    from lesions.tables.foreign_predictions import Names, read_foreign_predictions

    records, class_of = read_records(dataset, table or [])
    class_of |= dict(map(parse_class, classes or []))
    sealed = check_split_unsealed(split) if dataset is None else set()
    foreign = read_foreign_predictions(predictions, Names(image, truth, predicted, prefix), split=split)
    audit = audit_predictions(predictions, foreign, records, class_of)
    check_images_unsealed(predictions, audit, sealed)
    whole, parts = score_whole(audit), compare_tied_with_rest(audit)
    decisions = list(list_diagnosis_decisions(audit.predictions))
    sides = find_sides(audit.predictions.classes)
    malignancy = score_malignancy(audit.predictions, sides, threshold) if sides else {}
    print("\n".join([*foreign.notes, *score_tables.list_sentences(audit)]))
    print(describe_foreign_calling(audit.predictions))
    print_table(score_tables.build_table(whole, parts))
    print(score_tables.describe_calibration_error(audit))
    print_table(score_tables.build_decisions_table(decisions))
    print_table(score_tables.build_malignancy_table(malignancy))
    if output is not None:
        figures = summarise(audit, whole, parts) | list_estimates(malignancy)
        write_metrics(output, figures | {"decisions": decisions})


def check_split_unsealed(split: str) -> set[str]:
    """Return the names of the sealed images of this project; raise InputError if those of a split are sealed."""
    from lesions.evaluation.seal import SEALED_SPLITS, list_sealed_images, refuse_sealed

    sealed = list_sealed_images(PARAMS, SPLITS)
    if sealed and split in SEALED_SPLITS:
        raise refuse_sealed(f"the {split} images (--split)")
    return sealed


def check_images_unsealed(predictions: Path, audit: "Audit", sealed: set[str]) -> None:
    """Raise InputError if predictions of a file are of sealed images."""
    from lesions.evaluation.seal import refuse_sealed

    if looked_at := int(audit.predictions.images.image_id.isin(sealed).sum()):
        raise refuse_sealed(f"{looked_at:,} images of {predictions}, which are test images or of other datasets,")


def read_records(dataset: str | None, tables: list[Path]) -> "tuple[pd.DataFrame, dict[str, str]]":
    """Read the records of the dataset, and the class of each of its words for one; say what was passed over.

    Of this project, `diagnosis` is the class that the networks tell apart, and the groups are those of the split.
    """
    from lesions.datasets.record_table import list_words, read_record_table
    from lesions.datasets.registry import PUBLISHED
    from lesions.tables.classes import read_classes
    from lesions.tables.metadata import read_metadata
    from lesions.tables.splits import read_split_metadata

    if dataset is None:
        check_made(METADATA, otherwise="name a --dataset")
        if tables:
            raise InputError("--table: names a table of a published dataset; name the --dataset")
        records = read_split_metadata(METADATA, SPLITS) if SPLITS.is_file() else read_metadata(METADATA)
        if CLASSES.is_file():
            known = read_classes(CLASSES)
            pairs = zip(known.classes, known.diagnoses, strict=True)
            class_of = {diagnosis: name for name, members in pairs for diagnosis in members}
            records = records.assign(diagnosis=records.diagnosis.map(class_of))
        return records, {name: name for name in records.diagnosis.dropna().unique()}
    if dataset not in PUBLISHED:
        raise InputError(f"--dataset: expected one of {', '.join(PUBLISHED)}, got {quote_value(dataset)}")
    adapter = PUBLISHED[dataset]
    if len(tables) != len(adapter.tables):
        raise InputError(
            f"--table: {dataset} is read from {len(adapter.tables)} ({', '.join(map(str, adapter.tables))}), got "
            f"{len(tables)}"
        )
    read = read_record_table(tables, adapter)
    for note in read.notes:
        print(note)
    return read.records, list_words(adapter)


def find_sides(classes: "Sequence[str]") -> "tuple[bool | None, ...] | None":
    """Return whether each class is malignant, by the section `task` of the project that this is called in."""
    from lesions.parameters.section import read_section
    from lesions.tables.task import TaskParameters

    if not PARAMS.is_file():
        print(f"nothing is said of malignancy: there is no {PARAMS}, whose section task says what is malignant")
        return None
    task = read_section(PARAMS, "task", TaskParameters)
    members = task.groupings.get(task.name, {})
    sides = task.find_sides([members.get(name, (name,)) for name in classes])
    if sides is None:
        print("nothing is said of malignancy: a class mixes malignant and benign diagnoses, or one side is missing")
    return sides


def parse_class(text: str) -> tuple[str, str]:
    """Return the word and the diagnosis of `WORD=DIAGNOSIS`."""
    word, separator, name = text.partition("=")
    if not (word and separator and name):
        raise InputError(f"--class: expected WORD=DIAGNOSIS, got {quote_value(text)}")
    return word, name


def summarise(audit: "Audit", whole: "dict[str, Estimate]", parts: "dict[str, TiedAndRest]") -> dict[str, Any]:
    """Return all figures under flat names."""
    from lesions.evaluation.interval import list_estimates

    images = audit.predictions.images
    return {
        "num_images": len(images),
        "num_groups": int(images.group_id.nunique()),
        "num_tied": int(audit.tied.sum()),
        **{f"num_tied_by_{name.removesuffix('_id')}": number for name, number in audit.num_tied.items()},
        "num_disagreeing": audit.num_disagreeing,
        **list_estimates(whole),
        **list_estimates({f"tied_{metric}": part.tied for metric, part in parts.items()}),
        **list_estimates({f"rest_{metric}": part.rest for metric, part in parts.items()}),
        **list_estimates({f"{metric}_lead_of_tied": part.difference for metric, part in parts.items()}),
    }
