"""Which columns can be subgroups of one's own: those with few values, none of which names a patient or an image."""

import pandas as pd

from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.tables.metadata import list_subgroup_columns

MAX_VALUES = 30
"""The most values of a kind of subgroups, over all datasets: each is one more comparison to correct for."""

FEW_VALUES = 5
"""So few values are no identifiers, however small the dataset is."""

MAX_VALUES_PER_PATIENT = 0.5
"""More values than this share of the patients, where an image without a patient counts as one, are taken for
identifiers: each then stands for one or two patients."""


def check_subgroups(images: pd.DataFrame, parameters: DatasetParameters) -> None:
    """Check that the values of one's own subgroups are few, and look like no identifiers.

    Parameters
    ----------
    images : (N, ...)
        The images of all datasets, with `source`, `patient_id` and the columns of subgroups.

    Raises
    ------
    InputError
        If they do not; the message names the parameters and the columns, and no value.
    """
    for name, column in list_subgroup_columns(images).items():
        known = images[images[column].notna()]
        counts = []
        for source, own in known.groupby("source"):
            described = parameters.find_source(str(source))
            assert described is not None, f"{source} is published, and has no subgroups of one's own"
            where = f"{parameters.find_key(str(source))}.subgroups.{name}: {source}: {described.subgroups[name]}"
            num_values = own[column].nunique()
            _check_no_identifier(where, num_values, own.patient_id)
            counts.append(f"{where} has {num_values:,} values")
        num_values = known[column].nunique()
        if num_values > MAX_VALUES:
            together = f", {num_values:,} together" if len(counts) > 1 else ""
            raise InputError(
                f"{'; '.join(counts)}{together}; at most {MAX_VALUES} can be subgroups: join values by words.{name}, "
                "write bands of numbers into the table, or take the column out"
            )


def _check_no_identifier(where: str, num_values: int, patient_id: pd.Series) -> None:
    """Raise InputError if nearly each patient, or each image of which no patient is known, has a value of its own."""
    num_units = patient_id.nunique() + int(patient_id.isna().sum())
    if num_values > max(FEW_VALUES, MAX_VALUES_PER_PATIENT * num_units):
        units = "patients" if patient_id.notna().any() else "images"
        raise InputError(
            f"{where} has {num_values:,} values for {num_units:,} {units}: they look like identifiers or "
            "measurements, and the values of subgroups leave data/; take the column out, or join its values by words"
        )
