"""The section `dataset`."""

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from lesions.datasets.isic_archive import IsicArchiveParameters
from lesions.datasets.similar_spellings import SimilarIdentifiers
from lesions.datasets.sources import OWN, Kind, Source, TableParameters, Text, has_no_control_characters
from lesions.tables.paths import SYNTHETIC_ROOT, describe_overlap
from lesions.tables.record import DiagnosisName

ISIC = "isic_archive"
"""The dataset that the section of this name is for."""

NAMES = (
    *OWN,
    *("bcn20000", "ddi", "derm7pt", "fitzpatrick17k", "ham10000", "isic2018", "isic2018_test", "isic2019", ISIC),
    *("milk10k", "pad_ufes_20", "ph2", "siim_isic_2020", "slice_3d", "synthetic"),
)

NUMBERED_TOGETHER = ((ISIC, "milk10k", "siim_isic_2020", "slice_3d"), ("ham10000", "isic2018", "isic2019"))
"""Published datasets in which the same identifier is the same patient or lesion.

The ISIC archive numbers patients IP_… and lesions IL_…, in the first of these as in itself; the lesions HAM_… of the
others are HAM10000's.
"""

RESERVED = (*NAMES, "schema", "sealed")
"""Names that no source can have; files of metrics with a part for each dataset have keys of the last two names."""


class DatasetParameters(TableParameters):
    """The section `dataset`.

    Attributes
    ----------
    names
        The datasets to train on.
    external
        The datasets that are only scored.
    root
        The dataset's folder; with several datasets, the folder that holds one folder per dataset, by its name.
    diagnoses
        Which images are used: all, those with a diagnosis that every dataset of `names` has (shared), or those with a
        diagnosis on this list.
    only_photographs
        Whether masks, thumbnails and the like, known by their names, are passed over.
    table, columns, subgroups, words, missing, lesions_by_patient
        How the one dataset of one's own is read that is named `csv` or `image_folder`, as `TableParameters` says. A
        list of `missing` is also that of the `sources` that have none.
    similar_identifiers
        What to do with patients or lesions that may be one in two spellings: stop (ask), join or keep apart (keep).
    sources
        The datasets of one's own, where they have names of their own.
    isic_archive
        Which images of the ISIC archive are used, and how their diagnoses are read; None for other datasets.
    """

    names: Annotated[tuple[str, ...], Field(min_length=1)]
    external: tuple[str, ...]
    root: Annotated[Text, AfterValidator(has_no_control_characters)]
    diagnoses: Literal["all", "shared"] | Annotated[tuple[DiagnosisName, ...], Field(min_length=2)]
    only_photographs: bool
    max_rejected_fraction: Annotated[float, Field(ge=0, le=1)]
    similar_identifiers: SimilarIdentifiers
    sources: tuple[Source, ...]
    isic_archive: IsicArchiveParameters | None

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        twice = sorted({name for name in self.all_names if self.all_names.count(name) > 1})
        if twice:
            raise ValueError(f"names and external name {', '.join(twice)} more than once")
        return self

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        known = [*NAMES, *self.own_names]
        for key, names in (("names", self.names), ("external", self.external)):
            if unknown := [name for name in names if name not in known]:
                raise ValueError(
                    f"{key}: expected one of {', '.join(known)}, got {unknown[0]!r:.80}; a dataset of one's own by "
                    "another name needs a description in sources"
                )
        return self

    @model_validator(mode="after")
    def _archive_has_its_section(self) -> Self:
        if (ISIC in self.all_names) != (self.isic_archive is not None):
            raise ValueError(
                "isic_archive needs a section with level, licences and image_types, as in "
                "presets/datasets/isic_archive.yaml"
                if self.isic_archive is None
                else f"isic_archive belongs to the dataset of this name, got {', '.join(self.all_names)}; "
                "set it to null"
            )
        return self

    @model_validator(mode="after")
    def _sources_are_datasets(self) -> Self:
        for number, name in enumerate(self.own_names):
            if name in RESERVED:
                raise ValueError(f"sources.{number}: the name {name} means something else; choose another")
            if name in self.own_names[:number]:
                raise ValueError(f"sources.{number}: {name} is also the name of sources.{self.own_names.index(name)}")
            if name not in self.all_names:
                raise ValueError(
                    f"sources.{number}: {name} is neither in names nor in external; add it there, or remove it here"
                )
        return self

    @model_validator(mode="after")
    def _patients_are_those_of_another_dataset(self) -> Self:
        number_elsewhere = [source.name for source in self.sources if source.same_patients_as is not None]
        for number, source in enumerate(self.sources):
            other = source.same_patients_as
            possible = [name for name in self.all_names if name not in (source.name, *number_elsewhere)]
            if other is not None and other not in possible:
                raise ValueError(
                    f"sources.{number}: same_patients_as of {source.name}: expected another dataset that has no "
                    f"same_patients_as ({', '.join(possible) or 'there is none'}), got {other!r:.80}"
                )
        return self

    @model_validator(mode="after")
    def _sources_have_folders_of_their_own(self) -> Self:
        for number, name in enumerate(self.own_names):
            folder = Path(self.root, self.find_folder(name))
            for other in self.all_names:
                place = Path(self.root, self.find_folder(other))
                if other != name and (overlap := describe_overlap(folder, [place])):
                    raise ValueError(
                        f"sources.{number}: the folder of {name}, {folder}, {overlap}, the folder of {other}; each "
                        "dataset needs one of its own"
                    )
        return self

    @model_validator(mode="after")
    def _layout_belongs_to_own_data(self) -> Self:
        own: list[Kind] = [kind for kind in OWN if kind in self.all_names]
        if own and self.sources:
            raise ValueError(
                f"{' and '.join(own)} and sources: with sources, each dataset of one's own is one of them, by a name "
                "of its own"
            )
        if len(own) > 1:
            raise ValueError(
                f"table and columns can describe one dataset only, got {' and '.join(own)}; describe them in sources"
            )
        if own:
            self.check(own[0])
        elif not self.is_empty:
            belong = f"belong to {' and '.join(OWN)}, got {', '.join(self.all_names)}"
            hint = "; each of sources has its own" if self.sources else ""
            raise ValueError(
                f"table, columns, subgroups, words, missing by field and lesions_by_patient {belong}{hint}"
            )
        return self

    @model_validator(mode="after")
    def _no_folder_is_written_by_the_run(self) -> Self:
        if overlap := describe_overlap(Path(self.root)):
            raise ValueError(
                f"dataset.root {overlap}, which the run writes, got {self.root!r:.80}; keep the images in a folder "
                "of their own, such as data/raw/mine"
            )
        for name, folder in zip(self.all_names, self.folders, strict=True):
            if name != "synthetic" and describe_overlap(Path(self.root, folder), [SYNTHETIC_ROOT]):
                raise ValueError(
                    f"dataset.names and dataset.external are {', '.join(self.all_names)}, but dataset.root is "
                    f"{self.root:.80}; {SYNTHETIC_ROOT} is the folder of synthetic and of no other dataset"
                )
        return self

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names of all datasets: those to train on, then those only to score."""
        return self.names + self.external

    @property
    def own_names(self) -> tuple[str, ...]:
        """The names of `sources`."""
        return tuple(source.name for source in self.sources)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders of all datasets, relative to the root."""
        return tuple(map(self.find_folder, self.all_names))

    def find_folder(self, name: str) -> str:
        """Return the folder of a dataset, relative to the root."""
        described = self._find_described(name)
        if described is not None and described.folder is not None:
            return str(PurePosixPath(described.folder))
        return "." if len(self.all_names) == 1 else name

    def find_numbering(self, name: str) -> str:
        """Return the folder of the first dataset that has the same patients and lesions; it is usually itself."""
        described = self._find_described(name)
        one = (described and described.same_patients_as) or name
        together = next((names for names in NUMBERED_TOGETHER if one in names), (one,))
        return self.find_folder(next(other for other in self.all_names if other in together))

    def find_source(self, name: str) -> Source | None:
        """Return the description of a dataset of one's own; None of a published one."""
        if described := self._find_described(name):
            said = {} if "missing" in described.model_fields_set else {"missing": self.missing}
            return described.model_copy(update=said)
        if name not in OWN:
            return None
        own = {field: getattr(self, field) for field in TableParameters.model_fields}
        return Source.model_construct(name=name, kind=name, **own)

    def find_key(self, name: str) -> str:
        """Return the full name of the section that describes a dataset of one's own."""
        return f"dataset.sources.{self.own_names.index(name)}" if name in self.own_names else "dataset"

    def _find_described(self, name: str) -> Source | None:
        """Return the item of `sources` of a name; None if there is none."""
        return next((source for source in self.sources if source.name == name), None)
