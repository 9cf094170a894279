"""Checking a parameter file and the needs of a run with it, before anything runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import compress
from math import ceil
from pathlib import Path

from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.evaluation.comparison import CompareParameters
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.seal import list_sealed_splits
from lesions.gate.rules import read_gate
from lesions.hardware.device import (
    Precision,
    check_enough_devices,
    choose_device,
    choose_execution,
    choose_precision,
    name_precision,
    set_up_device,
)
from lesions.hardware.disk import check_room, check_writable, count_bytes, find_existing
from lesions.hardware.memory import read_peak_memory
from lesions.hardware.processes import count_on_host
from lesions.hardware.processors import describe_crowding
from lesions.images.decode import DecodingParameters
from lesions.images.opening import ShardParameters
from lesions.near_duplicates.parameters import NearDuplicateParameters
from lesions.networks.architecture import build_network, check_enough_pixels
from lesions.networks.parameters import read_architectures
from lesions.parameters.exports import ExportParameters, read_exports
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.models import read_models
from lesions.parameters.section import read_parameters, read_section
from lesions.parameters.strict import Section
from lesions.preflight.datasets import DatasetCounts, check_datasets
from lesions.preflight.ensembles import ENSEMBLE_SECTIONS, check_ensembles
from lesions.preflight.findings import Findings
from lesions.preflight.needs import (
    Memory,
    estimate_caching,
    estimate_computing,
    estimate_disk,
    estimate_metadata,
    estimate_near_duplicates,
    estimate_split,
)
from lesions.preflight.reruns import describe_reruns, plan_reruns
from lesions.preflight.shards import check_shards, count_mapped_bytes, count_row_bytes
from lesions.preflight.training_memory import (
    count_copies,
    count_prediction_bytes,
    count_training_bytes,
    count_weight_bytes,
)
from lesions.report.about import AboutParameters
from lesions.splitting.class_weights import ClassWeightParameters
from lesions.splitting.parameters import SplitParameters
from lesions.stage.resuming import find_resume_folder
from lesions.storage.remotes import describe_unsafe
from lesions.synthetic.cohort import SyntheticParameters
from lesions.tables.paths import ModelPaths
from lesions.tables.run_files import IMAGES
from lesions.tables.task import TaskParameters
from lesions.tracking.parameters import TrackingParameters, check_tracking
from lesions.training.batches import check_shares
from lesions.training.parameters import PretrainingParameters
from lesions.training.pretraining_recipe import OPTIMIZER, TARGET_DECAY, resolve_pretraining
from lesions.training.recipe import SHARED, Recipe, merge_recipe, resolve_recipe
from lesions.transforms.conditions import RobustnessParameters

SECTIONS: dict[str, type[Section]] = SHARED | {
    "about": AboutParameters,
    "cache_images": DecodingParameters,
    "class_weights": ClassWeightParameters,
    "compare": CompareParameters,
    "dataset": DatasetParameters,
    "evaluation": EvaluationParameters,
    "export": ExportParameters,
    "generate_synthetic": SyntheticParameters,
    "hardware": HardwareParameters,
    "near_duplicates": NearDuplicateParameters,
    "pretraining": PretrainingParameters,
    "robustness": RobustnessParameters,
    "shards": ShardParameters,
    "split": SplitParameters,
    "task": TaskParameters,
    "tracking": TrackingParameters,
}

Recipes = Mapping[str, Recipe]
"""The recipe of each model."""


def check_run(params: Path) -> Findings:
    """Check all parameters against each other, against the datasets and against the machine.

    A problem ends no check but those that need what it spoils, so that all problems are found at once.
    """
    # Measured first, while this process has loaded the same modules as a training and nothing else.
    loaded_bytes = read_peak_memory()
    findings = Findings()
    recipes = check_parameters(params, findings)
    check_ensembles(params, findings)
    with findings.collect():
        exports = read_exports(params)
        findings.rows["exports"] = ", ".join([*exports.models, *exports.ensembles]) or "none"
    counts = check_datasets(params, findings)
    for model in recipes:
        paths = ModelPaths(model)
        with findings.collect():
            check_writable(
                find_resume_folder() / "state", paths.checkpoint, paths.metrics_file("train"), paths.history
            )
    # After the data, because weights may have to be downloaded.
    weights_bytes = count_weights(recipes, findings)
    precisions: dict[str, Precision] = {}
    with findings.collect():
        precisions = check_device(params, recipes, findings)
    reruns = None if findings.problems else plan_reruns(params)
    if counts is None or findings.problems:
        findings.rows["disk and memory"] = "not estimated before the problems are solved"
    else:
        with findings.collect():
            running = reruns.stages if reruns else ()
            findings.rows["disk"] = check_disk(params, recipes, counts, weights_bytes, running=running)
        with findings.collect():
            if said := check_decoding_disk(counts.num_images * count_row_bytes(params)):
                findings.rows["disk of cache_images"] = said
        with findings.collect():
            findings.rows |= check_shards(params, counts.num_images)
        memory = estimate_tables(params, counts)
        if findings.rows["training on"].startswith("cpu "):
            memory |= estimate_networks(params, recipes, precisions, counts, loaded_bytes=loaded_bytes)
        findings.rows |= {f"memory of {stage}": str(needed) for stage, needed in memory.items()}
    findings.doubts += describe_unsafe()
    if reruns and not findings.problems:
        findings.rows |= describe_reruns(reruns)
    return findings


def check_parameters(params: Path, findings: Findings) -> dict[str, Recipe]:
    """Read every section, even those that no model uses, and return the recipes of the listed models that are valid.

    Raises
    ------
    InputError
        If the file has no sections.
    """
    sections = read_parameters(params)
    with findings.collect():
        is_sealed = bool(list_sealed_splits(params))
        findings.rows["test images"] = "sealed (`lesions unseal`)" if is_sealed else "not sealed (split.seal)"
    unknown = sorted(set(sections) - {*SECTIONS, *ENSEMBLE_SECTIONS, "architectures", "gate", "models"})
    if unknown:
        findings.problems.append(f"{params}: " + "; ".join(f"{name}: there is no such section" for name in unknown))
    for name, section in SECTIONS.items():
        with findings.collect():
            read_section(params, name, section)
    with findings.collect():
        check_tracking(read_section(params, "tracking", TrackingParameters))
    with findings.collect():
        read_gate(params)
    # A mistake in the section of an unlisted model should be reported before the model is listed.
    with findings.collect():
        for name in read_architectures(params):
            with findings.collect():
                merge_recipe(params, name)
    recipes: dict[str, Recipe] = {}
    with findings.collect():
        models = read_models(params)
        findings.rows["models"] = ", ".join(models)
        for model in models:
            with findings.collect():
                recipes[model] = resolve_recipe(params, model)
                cached_px = read_section(params, "cache_images", DecodingParameters).size_px
                check_enough_pixels(model, recipes[model].architecture, cached_px)
    with findings.collect():
        check_class_weights(params, recipes)
    return recipes


def check_class_weights(params: Path, recipes: Recipes) -> None:
    """Raise InputError if a loss is not to use class weights, but there are none."""
    if read_section(params, "class_weights", ClassWeightParameters).scheme != "none":
        return
    for model, recipe in recipes.items():
        if not recipe.loss.class_weights:
            raise InputError(
                f"{params}: loss.class_weights is false for {model}, but class_weights.scheme is none anyway; "
                "set it to true"
            )


def count_weights(recipes: Recipes, findings: Findings) -> list[int]:
    """Return the bytes of each network's weights, after reading those that are pretrained."""
    weights_bytes = []
    for recipe in recipes.values():
        with findings.collect():
            network = build_network(recipe.architecture, num_classes=2, pretrained=True)
            weights_bytes.append(count_weight_bytes(network))
    return weights_bytes


def check_device(params: Path, recipes: Recipes, findings: Findings) -> dict[str, Precision]:
    """Set up the device as a training does, and return each model's precision on it.

    Raises
    ------
    InputError
        If the device is not there, or cannot do what a parameter asks.
    """
    hardware = read_section(params, "hardware", HardwareParameters)
    choose_device(hardware.device, hardware.numerics)  # a portable one is the CPU, or refused
    choice = "cpu" if hardware.numerics == "portable" else hardware.device
    device = set_up_device(choice, num_threads=hardware.num_threads)
    number, on_host = hardware.num_processes, count_on_host(hardware.num_processes)
    check_enough_devices(device, on_host)
    choose_execution(hardware.execution, device, number)
    for recipe in recipes.values():
        check_shares(recipe.training.batch_size, number)
    if crowding := describe_crowding(on_host, hardware.num_threads):
        findings.doubts.append(crowding)
    together = f", in {number} processes" if number > 1 else ""
    precisions = {
        model: choose_precision(recipe.training.precision, device, hardware.numerics)
        for model, recipe in recipes.items()
    }
    named = ", ".join(sorted(set(map(name_precision, precisions.values()))))
    findings.rows["training on"] = f"{device} in {named}{together}"
    return precisions


def check_disk(
    params: Path,
    recipes: Recipes,
    counts: DatasetCounts,
    weights_bytes: Sequence[int],
    *,
    running: Collection[str],
) -> str:
    """Return the disk space that a run of these stages needs, in words; raise InputError if less is free."""
    copies = max(count_copies(recipe.training, recipe.optimizer) for recipe in recipes.values())
    drawn = "synthetic" in read_section(params, "dataset", DatasetParameters).all_names
    are_pretrained = (recipe.architecture.is_pretrained_here for recipe in recipes.values())
    pretrained = compress(weights_bytes, are_pretrained)  # their backbones are kept as well
    disk = estimate_disk(
        counts.num_images,
        counts.num_images * count_row_bytes(params),
        read_section(params, "generate_synthetic", SyntheticParameters) if drawn else None,
        weights_bytes=[*weights_bytes, *pretrained],
        weights_in_state=copies - 1,  # the gradient is not written
    )
    lacking = max(0, disk.output_bytes + disk.training_bytes - count_present(recipes, running))
    check_room(Path(), lacking, "what the run has yet to write", advice="make room, or lower cache_images.size_px")
    return str(disk)


def count_present(models: Iterable[str], running: Collection[str]) -> int:
    """Return how many bytes of the large files a run need not find room for, because they are there already.

    DVC has a copy of each. The file of a stage that runs is replaced, and the copy of the former one stays.
    """
    large = {f"train@{model}": ModelPaths(model).checkpoint for model in models} | {"cache_images": IMAGES}
    return sum(count_bytes(path) * (1 if stage in running else 2) for stage, path in large.items())


def check_decoding_disk(cache_bytes: int) -> str:
    """Return how much more disk space decoding takes, in words; empty if the images are only moved at its end.

    Raises
    ------
    InputError
        If less is free.
    """
    folder, outputs = (find_existing(path) for path in (find_resume_folder(), Path("data")))
    if folder.stat().st_dev == outputs.stat().st_dev:
        return ""
    check_room(folder, cache_bytes, "the decoding of all images, which is kept there until it is done,")
    return f"{cache_bytes / 1e6:,.0f} MB more in {find_resume_folder()}, on another disk, until all are decoded"


def estimate_tables(params: Path, counts: DatasetCounts) -> dict[str, Memory]:
    """Return the memory of the stages before training that read every image."""
    cached_px = read_section(params, "cache_images", DecodingParameters).size_px
    cache_bytes = counts.num_images * count_mapped_bytes(params)
    return {
        "cache_images": estimate_caching(counts.num_images, cached_px, counts.largest, is_in_hdf5=counts.is_in_hdf5),
        "prepare_metadata": estimate_metadata(counts.num_images, counts.table_bytes),
        "find_near_duplicates": estimate_near_duplicates(counts.num_images, cache_bytes),
        "split_by_patient": estimate_split(counts.num_images),
    }


def estimate_networks(
    params: Path,
    recipes: Recipes,
    precisions: Mapping[str, Precision],
    counts: DatasetCounts,
    *,
    loaded_bytes: int,
) -> dict[str, Memory]:
    """Return the memory that training each network on the CPU needs, and predicting with it."""
    cached_px = read_section(params, "cache_images", DecodingParameters).size_px
    cache_bytes = counts.num_images * count_mapped_bytes(params)
    num_views = read_section(params, "evaluation", EvaluationParameters).num_views
    shares = read_section(params, "split", SplitParameters).shares
    num_train, num_scored = (round(share * counts.num_used) for share in (shares.train, max(shares.val, shares.test)))
    number = read_section(params, "hardware", HardwareParameters).num_processes
    together = f", each of {number} processes" if number > 1 else ""
    tensor_bytes = {}
    for model, recipe in recipes.items():
        share = ceil(recipe.training.batch_size / number)
        tensor_bytes[f"train {model}{together}"] = count_training_bytes(
            recipe.architecture,
            recipe.training.model_copy(update={"batch_size": share}),
            recipe.optimizer,
            precision=precisions[model],
            cached_px=cached_px,
            num_train=num_train,
            num_val=num_scored,
        )
        if pretraining := resolve_pretraining(params, recipe):
            both_views = {"batch_size": 2 * pretraining.pretraining.batch_size, "average_decay": TARGET_DECAY}
            tensor_bytes[f"pretrain {model}"] = count_training_bytes(
                pretraining.architecture,
                recipe.training.model_copy(update=both_views),
                OPTIMIZER,
                precision=precisions[model],
                cached_px=cached_px,
                num_train=2 * num_train,
                num_val=1,
            )
        tensor_bytes[f"predict {model}"] = count_prediction_bytes(
            recipe.architecture, cached_px=cached_px, num_images=num_scored, num_views=num_views
        )
    return {
        stage: estimate_computing(loaded_bytes, num_bytes, cache_bytes) for stage, num_bytes in tensor_bytes.items()
    }
