"""Builders of parameters and tables for tests."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from _pytest.mark import ParameterSet

from lesions.networks.parameters import CustomCNNParameters, PhaseParameters, TimmParameters, TorchvisionParameters
from lesions.transforms.parameters import AugmentationParameters

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
HAM10000 = SHARED / "data/ham10000"
PAD_UFES_20 = SHARED / "data/pad_ufes_20"
ISIC_2019 = SHARED / "data/isic2019"
SIIM_ISIC_2020 = SHARED / "data/siim_isic_2020"
WEIGHTS = SHARED / "weights"
RESNET18_WEIGHTS = WEIGHTS / "resnet18-imagenet1k-v1.pth"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_ham10000 = pytest.mark.skipif(not HAM10000.is_dir(), reason="HAM10000 is not at ../shared/data/ham10000")
needs_pad_ufes_20 = pytest.mark.skipif(
    not PAD_UFES_20.is_dir(), reason="PAD-UFES-20 is not at ../shared/data/pad_ufes_20"
)
needs_isic_2019 = pytest.mark.skipif(not ISIC_2019.is_dir(), reason="ISIC 2019 is not at ../shared/data/isic2019")
needs_siim_isic_2020 = pytest.mark.skipif(
    not SIIM_ISIC_2020.is_dir(), reason="SIIM-ISIC 2020 is not at ../shared/data/siim_isic_2020"
)
needs_resnet18_weights = pytest.mark.skipif(
    not RESNET18_WEIGHTS.is_file(), reason="no weights of ResNet-18 at ../shared/weights"
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")

PHASE = PhaseParameters(name="all", num_epochs=1, layers="all", learning_rate_factor=1, backbone_factor=1)


ARCHITECTURE: dict[str, Any] = {
    "size_px": 32,
    "normalisation": "auto",
    "head_widths": (),
    "head_batch_norm": False,
    "dropout": 0.0,
    "learning_rate": 0.001,
    "layer_decay": 1.0,
    "phases": (PHASE,),
}
"""What the sections of all architectures have."""


def small_cnn(**changes: Any) -> CustomCNNParameters:
    """Return an architecture of two small blocks for images of 16 px, without dropout."""
    parameters: dict[str, Any] = {
        "backbone": "custom_cnn",
        "widths": (4, 8),
        "convolutions_per_block": 1,
        "batch_norm": True,
        "residual": False,
        "size_px": 16,
        "learning_rate": 0.01,
    }
    return CustomCNNParameters(**ARCHITECTURE | parameters | changes)


def small_resnet18(**changes: Any) -> TorchvisionParameters:
    """Return a ResNet-18 for images of 32 px, without pretrained weights."""
    parameters = {"backbone": "resnet18", "weights": "none", "weights_sha256": None, "accepted_licences": ()}
    return TorchvisionParameters(**ARCHITECTURE | parameters | changes)


def small_timm(**changes: Any) -> TimmParameters:
    """Return timm's smallest EfficientNet for images of 32 px, without pretrained weights."""
    parameters: dict[str, Any] = {
        "backbone": "timm/test_efficientnet",
        "weights": "none",
        "weights_sha256": None,
        "accepted_licences": (),
        "adapt_input_size": False,
    }
    return TimmParameters(**ARCHITECTURE | parameters | changes)


HARDWARE: dict[str, Any] = {
    "device": "cpu",
    "num_threads": 1,
    "deterministic": True,
    "execution": "auto",
    "numerics": "native",
    "num_processes": 1,
    "synchronise_batch_norm": True,
}

NO_AUGMENTATION = AugmentationParameters(
    mirror="none",
    rotation_degrees=0,
    zoom=0,
    shift=0,
    crop_area=None,
    crop_aspect=None,
    brightness=0,
    contrast=0,
    saturation=0,
    hue_degrees=0,
    colour_cast=0,
    hairs=0,
    blur=0,
    cutout=0,
    common_strength=1,
    rare_strength=1,
    mixup_alpha=0,
    cutmix_alpha=0,
)
WriteParams = Callable[..., Path]
"""A function that writes the given sections into a new parameter file."""


TASK: dict[str, Any] = {
    "name": "diagnosis",
    "malignant": [
        "actinic_keratosis",
        "basal_cell_carcinoma",
        "malignant",
        "melanoma",
        "other_malignant",
        "squamous_cell_carcinoma",
    ],
    "benign": [
        "benign",
        "benign_keratosis",
        "dermatofibroma",
        "inflammatory_or_infectious",
        "nevus",
        "other_benign",
        "pigmented_benign_keratosis",
        "seborrheic_keratosis",
        "vascular_lesion",
    ],
    "neither": ["indeterminate", "non_neoplastic"],
    "groupings": {},
}
"""The section `task` as it is shipped."""


NO_SHARDS: dict[str, Any] = {"address": None, "local_gb": 0}
"""The section `shards` of a run whose images are in one array."""


def dataset_section(root: Path | str, *names: str, **changes: Any) -> dict[str, Any]:
    """Return the section `dataset` for published datasets, with no row refused."""
    section = {
        "names": list(names),
        "external": [],
        "root": str(root),
        "diagnoses": "all",
        "only_photographs": True,
        "max_rejected_fraction": 0.0,
        "table": None,
        "columns": {},
        "subgroups": {},
        "words": {},
        "missing": ["unknown"],
        "lesions_by_patient": False,
        "similar_identifiers": "ask",
        "sources": [],
        "isic_archive": None,
    }
    return section | changes


def metadata_table(diagnoses: list[str], **columns: list[Any]) -> pd.DataFrame:
    """Return a metadata table with one image per diagnosis, each of its own lesion and patient."""
    N = len(diagnoses)
    defaults: dict[str, Any] = {
        "image_id": [f"image_{n:04d}" for n in range(N)],
        "file": [f"image_{n:04d}.jpg" for n in range(N)],
        "row": range(N),
        "source": "synthetic",
        "patient_id": [f"patient_{n}" for n in range(N)],
        "lesion_id": [f"lesion_{n}" for n in range(N)],
        "diagnosis": diagnoses,
        "diagnosis_confirmation": None,
        "age_years": np.nan,
        "sex": None,
        "site": None,
        "fitzpatrick_type": None,
        "published_split": None,
        "width_px": 8,
        "height_px": 8,
        "sha256": "0" * 64,
        "perceptual_hash": "0" * 200,
    }
    return pd.DataFrame(defaults | columns)


def slow(*values: Any) -> ParameterSet:
    """Return the values of a parametrised test as a case that only `make test-slow` runs."""
    return pytest.param(*values, marks=pytest.mark.slow)
