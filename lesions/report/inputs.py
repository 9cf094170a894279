"""What the report reads of the files that the stages before it wrote; each model has the keys that it uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lesions.evaluation.estimation import HeadlineMetric
from lesions.evaluation.interval import Estimate
from lesions.evaluation.parameters import CalibrationMethod
from lesions.formats.json_file import PlotRows, read_json
from lesions.report.names import ReportedModel, rename_rows
from lesions.report.summary import AnySummary, Summary, validate
from lesions.tables.paths import ModelPaths


class RunCounts(Summary):
    """What `metrics/data.json` says of the rows and the images."""

    num_rows: int
    num_images: int
    num_lesions: int
    num_patients: int
    num_rejected: int
    num_left_out_by_reason: dict[str, int]
    num_lesions_of_several_patients: int
    identifiers: dict[str, dict[str, int]]
    merged_words: dict[str, dict[str, int]]
    metadata_sha256: str


class KeptImages(Summary):
    """What `metrics/split.json` says of an earlier split that was extended."""

    num_new: dict[str, int]
    num_gone: dict[str, int]
    num_apart_dropped: int
    num_still_dropped: int


class SplitSummary(Summary):
    """What `metrics/split.json` says of the split."""

    grouped_by: str
    scheme: Literal["group", "image"]
    tested_by: Literal["shares", "fold", "list", "keep"]
    num_images: dict[str, int]
    worst_share_deviation: float
    leaked_test_share: float | None
    copied_test_share: float
    image_wise_leaked_test_share: dict[str, float]
    num_siblings_of_listed_dropped: int
    kept: KeptImages | None = None
    num_conflicting_images: int
    num_conflicting_images_dropped: int
    conflicting_images: dict[str, dict[str, int]]
    conflicting_pairs: dict[str, dict[str, int]]
    num_external_images: int
    num_external_images_dropped: int
    num_images_without_patient: int
    num_images_without_identifier: int
    num_test_images_without_identifier: int
    test_images_sha256: str

    @property
    def num_kept_apart_dropped(self) -> int:
        """The number of images that were left out because an earlier split has their group in val or test."""
        return self.kept.num_apart_dropped + self.kept.num_still_dropped if self.kept else 0


class CopyCounts(Summary):
    """What `metrics/near_duplicates.json` says of pairs of copies."""

    num_exact_pairs: int
    num_near_pairs: int
    num_pairs_without_shared_identifier: int
    largest_number_of_copies: int

    @property
    def num_pairs(self) -> int:
        """The number of pairs of both kinds."""
        return self.num_exact_pairs + self.num_near_pairs


@dataclass(frozen=True)
class DataSummaries:
    """What the metrics say of the data: the rows and images, the split, and the copies."""

    counts: RunCounts
    split: SplitSummary
    copies: CopyCounts


class ComparisonSummary(Summary):
    """What `metrics/comparison.json` says of the metric that compares the models."""

    metric: HeadlineMetric
    baseline: str


class TrainSummary(Summary):
    """What `metrics/<model>/train.json` says of the training."""

    best_epoch: int
    num_epochs: int
    num_parameters: int
    weights_licence: str | None = None


class Generalisation(Summary):
    """What `metrics/<model>/generalisation.json` says of the kept epoch on each split; None of a sealed one."""

    num_train_images: int
    num_train_groups: int
    train_balanced_accuracy: float
    val_balanced_accuracy: float
    test_balanced_accuracy: float | None = None
    balanced_accuracy_lost_from_train_to_val: Estimate
    balanced_accuracy_lost_from_val_to_test: Estimate | None = None


class ReliabilityScores(Summary):
    """What `metrics/<model>/test.json` says of the probabilities, and `intervals.json` of how sure that is."""

    log_loss: Estimate
    brier_score: Estimate
    expected_calibration_error: float
    expected_calibration_error_by_chance: Estimate


class CalibrationSummary(Summary):
    """What `metrics/<model>/calibration.json` says of the method, and of the test images' probabilities before it."""

    method: CalibrationMethod
    shifts_prior: bool
    test_log_loss_before: float
    test_brier_score_before: float


class LowestSubgroup(Summary):
    """What `metrics/<model>/subgroups.json` says if there are subgroups; without a threshold, no sensitivities."""

    num_subgroups_left_out: int
    lowest_balanced_accuracy_subgroup: str
    lowest_balanced_accuracy: Estimate
    lowest_balanced_accuracy_by_chance: float
    num_sensitivities: int | None = None
    num_sensitivities_left_out: int | None = None


class SubgroupRow(Summary):
    """A row of `plots/<model>/subgroups.json`.

    The leads are None if no other image has its classes, and the sensitivity if too few malignant groups are in it.
    """

    subgroup: str
    num_images: int
    balanced_accuracy: float
    low: float
    high: float
    beyond_noise: bool
    lead_over_others: float | None = None
    weighted_lead_over_others: float | None = None
    sensitivity: Estimate | None = None
    sensitivity_beyond_noise: bool | None = None
    sensitivity_lead_over_others: float | None = None


class ExternalScores(Summary):
    """What `metrics/<model>/external.json` says of one other dataset."""

    num_images: int
    num_groups: int
    num_classes: int
    balanced_accuracy: Estimate
    own_balanced_accuracy: Estimate
    balanced_accuracy_lost: Estimate


class Mistake(Summary):
    """A row of `data/pictures/<model>/mistakes.json`; the map has the name of the picture."""

    picture: str
    row: int
    true: str
    predicted: str
    probability: float
    probability_of_true: float
    is_missed: bool


class Found(Summary):
    """A row of `data/maps/<model>/found.json`: an image that is rightly called the gravest class."""

    picture: str
    map: str
    row: int
    probability: float


@dataclass(frozen=True)
class OverviewRows:
    """The rows of the plots that show all models, or the split."""

    shares: PlotRows
    f1: PlotRows
    roc: PlotRows
    precision_recall: PlotRows


def read_reliability(paths: ModelPaths) -> ReliabilityScores:
    """Read what a model's probabilities of the test images are worth, with the intervals."""
    found = [read_json(paths.metrics_file(name)) for name in ("test", "intervals")]
    return validate(paths.metrics_file("intervals"), found[0] | found[1], ReliabilityScores)


def read_external(path: Path) -> dict[str, ExternalScores]:
    """Read `metrics/<model>/external.json`: the scores on each other dataset, by its name."""
    return read_sources(path, ExternalScores)


def read_sources(path: Path, kind: type[AnySummary]) -> dict[str, AnySummary]:
    """Read a metrics file that has a part for each other dataset, by its name."""
    return {
        source: validate(path, scores, kind, prefix=f"{source}: ")
        for source, scores in read_json(path).items()
        if source != "schema"
    }


def read_overview(models: Sequence[ReportedModel]) -> OverviewRows:
    """Read the rows of the plots that show all models, with their names to show, or the split."""
    plots = models[0].plots
    f1, roc, precision_recall = (
        rename_rows(read_json(plots / f"comparison/{name}.json"), models)
        for name in ("f1", "roc", "precision_recall")
    )
    return OverviewRows(read_json(plots / "split/shares.json"), f1=f1, roc=roc, precision_recall=precision_recall)
