"""Whole tables made to the schemas of published datasets, and small images with the names that the tables give.

The columns that are read are there, and those that must not be. The words are the publishers'; which row has which is
drawn.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

Generator = np.random.Generator

SITES = ("Head and neck", "Trunk", "Upper extremity", "Lower extremity")
PATHS = (
    "Benign:Benign melanocytic proliferations:Nevus:Nevus, NOS, Compound",
    "Benign:Benign melanocytic proliferations:Nevus",
    "Benign:Benign epidermal proliferations:Seborrheic keratosis",
    "Benign:Cysts:Trichilemmal or isthmic-catagen or pilar cyst",
    "Indeterminate:Indeterminate epidermal proliferations:Solar or actinic keratosis",
    "Indeterminate:Indeterminate melanocytic proliferations:Atypical melanocytic neoplasm",
    "Malignant:Malignant adnexal epithelial proliferations - Follicular:Basal cell carcinoma",
    "Malignant:Malignant melanocytic proliferations (Melanoma):Melanoma in situ:Melanoma in situ, Mucosal",
    "Malignant:Malignant melanocytic proliferations (Melanoma):Melanoma Invasive",
)
"""Paths of the ISIC archive's hierarchy of diagnoses, as in isic-metadata 6.1.0."""

IMAGE_TYPES = ("dermoscopic", "clinical: close-up", "RCM: mosaic")

TBP = [
    "A",
    "Aext",
    "B",
    "Bext",
    "C",
    "Cext",
    "H",
    "Hext",
    "L",
    "Lext",
    "areaMM2",
    "area_perim_ratio",
    "color_std_mean",
    "deltaA",
    "deltaB",
    "deltaL",
    "deltaLB",
    "deltaLBnorm",
    "eccentricity",
    "location",
    "location_simple",
    "minorAxisMM",
    "nevi_confidence",
    "norm_border",
    "norm_color",
    "perimeterMM",
    "radial_color_std_max",
    "stdL",
    "stdLExt",
    "symm_2axis",
    "symm_2axis_angle",
    "x",
    "y",
    "z",
]
"""The columns tbp_lv_… of SLICE-3D that its tables for training and test both have."""

MILK10K = ("AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF", "MAL_OTH", "MEL", "NV", "SCCKA", "VASC")


def write_images(root: Path, files: Sequence[str]) -> None:
    """Write an image of coarse noise, which is like no other, for each path below a folder."""
    generator = np.random.default_rng(0)
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = Image.fromarray(generator.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        coarse.resize((48, 48), Image.Resampling.BICUBIC).save(path)


def make_isic_archive(N: int = 240) -> pd.DataFrame:
    """`metadata.csv` of the ISIC archive's program; patients have two lesions each, and lesions two images."""
    generator = np.random.default_rng(1)
    levels = [f"diagnosis_{level}" for level in range(1, 6)]
    paths = pd.Series(_repeat([PATHS[n % len(PATHS)] for n in range(N // 2)], 2)).str.split(":", expand=True)
    return pd.DataFrame(
        {
            "isic_id": [f"ISIC_{n:07d}" for n in range(N)],
            "attribution": "Hospital X, with a comma",
            "copyright_license": _draw(generator, ["CC-0", "CC-BY", "CC-BY-NC"], N),
            "acquisition_day": generator.integers(1, 900, N),
            "age_approx": _draw(generator, ["45", "60", "85+", ""], N),
            "anatom_site_1": _draw(generator, [*SITES, ""], N),
            "anatom_site_2": "",
            "clin_size_long_diam_mm": generator.uniform(1, 9, N).round(1),
            "concomitant_biopsy": _draw(generator, ["True", "False"], N),
            **{name: paths.get(number, pd.Series("", range(N))).fillna("") for number, name in enumerate(levels)},
            "diagnosis_confirm_type": _draw(
                generator, ["histopathology", "single contributor clinical assessment", ""], N
            ),
            "fitzpatrick_skin_type": _draw(generator, ["I", "II", "III", "VI", ""], N),
            "image_manipulation": _draw(generator, ["instrument only"] * 8 + ["altered", "synthetic"], N),
            "image_type": _draw(generator, [*IMAGE_TYPES, *["dermoscopic"] * 5], N),
            "lesion_id": _repeat([f"IL_{n:07d}" for n in range(N // 2)], 2),
            "patient_id": _repeat([f"IP_{n:07d}" for n in range(N // 4)], 4),
            "sex": _draw(generator, ["male", "female", ""], N),
        }
    )


def make_slice_3d(N: int = 200) -> pd.DataFrame:
    """`train-metadata.csv` of SLICE-3D with its 55 columns: of every malignant lesion, and of few others, an id."""
    generator = np.random.default_rng(2)
    target = np.arange(N) % 10 == 0
    is_followed = target | (generator.random(N) < 0.02)
    told = pd.Series(np.where(target, "Malignant", "Benign"))
    table = {
        "isic_id": [f"ISIC_{n:07d}" for n in range(N)],
        "target": target.astype(int),
        "patient_id": _draw(generator, [f"IP_{n:07d}" for n in range(N // 10)], N),
        "age_approx": _draw(generator, ["45.0", "60.0", ""], N),
        "sex": _draw(generator, ["male", "female", ""], N),
        "anatom_site_general": _draw(generator, ["posterior torso", "lower extremity", ""], N),
        "clin_size_long_diam_mm": generator.uniform(1, 9, N).round(2),
        "image_type": "TBP tile: close-up",
        "tbp_tile_type": "3D: XP",
        **{f"tbp_lv_{name}": generator.normal(size=N).round(3) for name in TBP},
        "attribution": "Memorial Sloan Kettering Cancer Center",
        "copyright_license": _draw(generator, ["CC-BY", "CC-BY-NC"], N),
        "lesion_id": np.where(is_followed, [f"IL_{n:07d}" for n in range(N)], ""),
        "iddx_full": told,
        **{f"iddx_{level}": told if level == 1 else "" for level in range(1, 6)},
        "mel_mitotic_index": "",
        "mel_thick_mm": np.where(target, "0.8", ""),
        "tbp_lv_dnn_lesion_confidence": np.where(target, 99.0, 50.0),
    }
    return pd.DataFrame(table)


def make_milk10k(num_lesions: int = 120) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`MILK10k_Training_Metadata.csv`, two rows for each lesion, and `MILK10k_Training_GroundTruth.csv`, one."""
    generator = np.random.default_rng(3)
    lesions, N = [f"IL_{7 * n:07d}" for n in range(num_lesions)], 2 * num_lesions
    metadata = pd.DataFrame(
        {
            "lesion_id": _repeat(lesions, 2),
            "image_type": ["clinical: close-up", "dermoscopic"] * num_lesions,
            "isic_id": [f"ISIC_{n:07d}" for n in generator.permutation(N)],
            "attribution": "MILK study team",
            "copyright_license": "CC-BY-NC",
            "image_manipulation": "instrument only",
            "age_approx": _repeat(_draw(generator, ["15", "70", ""], num_lesions), 2),
            "sex": _repeat(_draw(generator, ["male", "female"], num_lesions), 2),
            "skin_tone_class": _repeat(_draw(generator, ["1", "3", "5"], num_lesions), 2),
            "site": _repeat(_draw(generator, ["trunk", "head_neck_face", ""], num_lesions), 2),
            "MONET_hair": generator.random(N),
        }
    )
    codes = np.eye(len(MILK10K))[np.arange(num_lesions) % len(MILK10K)]
    truth = pd.DataFrame(codes, columns=list(MILK10K))
    truth.insert(0, "lesion_id", lesions)
    # One is joined to the other by the lesion: their order differs.
    return metadata, truth.sample(frac=1, random_state=0)


def make_bcn20000(N: int = 160) -> pd.DataFrame:
    """`bcn_20k_train.csv` of BCN20000."""
    generator = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "bcn_filename": [f"BCN_{n:010d}.jpg" for n in range(N)],
            "age_approx": _draw(generator, ["55.0", ""], N),
            "anatom_site_general": _draw(generator, ["anterior torso", "head/neck", ""], N),
            "diagnosis": [("MEL", "NV", "BCC", "BKL", "AK", "SCC", "DF", "VASC")[n // 2 % 8] for n in range(N)],
            "lesion_id": [f"BCN_{n // 2:07d}" for n in range(N)],
            "capture_date": "2012-05-16",
            "sex": _draw(generator, ["male", "female", ""], N),
            "split": "train",
        }
    )


def make_derm7pt(N: int = 120) -> tuple[pd.DataFrame, dict[str, list[int]]]:
    """`meta/meta.csv` of Derm7pt, and the numbers of the rows in `meta/{train,valid,test}_indexes.csv`."""
    generator = np.random.default_rng(5)
    words = [
        "basal cell carcinoma",
        "clark nevus",
        "reed or spitz nevus",
        "melanoma (in situ)",
        "melanoma metastasis",
    ]
    table = pd.DataFrame(
        {
            "case_num": range(1, N + 1),
            "diagnosis": [[*words, "seborrheic keratosis", "lentigo", "miscellaneous"][n % 8] for n in range(N)],
            "seven_point_score": generator.integers(0, 7, N),
            "pigment_network": "absent",
            "level_of_diagnostic_difficulty": "low",
            "elevation": "flat",
            "location": _draw(generator, ["back", "lower limbs"], N),
            "sex": _draw(generator, ["male", "female"], N),
            "management": "excision",
            "clinic": [f"NEL/NEL{n:03d}.JPG" for n in range(N)],
            "derm": [f"NEL/Nel{N + n:03d}.jpg" for n in range(N)],
            "case_id": "",
            "notes": "",
        }
    )
    order = generator.permutation(N).tolist()
    return table, {
        "train": sorted(order[: N // 2]), "valid": sorted(order[N // 2 : -N // 3]), "test": sorted(order[-N // 3 :])
    }  # fmt: skip


def make_fitzpatrick17k(N: int = 160) -> pd.DataFrame:
    """`fitzpatrick17k.csv`; of images that one cannot download any more there are rows all the same."""
    generator = np.random.default_rng(6)
    labels = (
        ("psoriasis", "inflammatory", "non-neoplastic"),
        ("melanoma", "malignant melanoma", "malignant"),
        ("kaposi sarcoma", "malignant dermal", "malignant"),
        ("nevocytic nevus", "benign melanocyte", "benign"),
        ("keloid", "benign dermal", "benign"),
    )
    chosen = [labels[n % len(labels)] for n in range(N)]
    names = [generator.bytes(16).hex() for _ in range(N)]
    table = pd.DataFrame(chosen, columns=["label", "nine_partition_label", "three_partition_label"])
    types = {
        name: _draw(generator, ["-1", "1", "2", "6"], N) for name in ("fitzpatrick_scale", "fitzpatrick_centaur")
    }
    url = "https://www.dermaamin.com/x.jpg"
    checked = ["1 Diagnostic", "2 Characteristic", "3 Wrongly labelled", "4 Other", "5 Potentially"]
    qc = [*checked, *[""] * (N - 2 * len(checked)), *checked]
    return pd.DataFrame({"md5hash": names, **types}).join(table.assign(qc=qc, url=url, url_alphanum="httpsx.jpg"))


def make_ddi(N: int = 120) -> pd.DataFrame:
    """`ddi_metadata.csv`, whose first column has no name."""
    diseases = {"melanoma-in-situ": "True", "kaposi-sarcoma": "True", "melanocytic-nevi": "False", "lipoma": "False"}
    names = [[*diseases][n % 4] for n in range(N)]
    return pd.DataFrame(
        {
            "": range(N),
            "DDI_ID": range(1, N + 1),
            "DDI_file": [f"{n:06d}.png" for n in range(1, N + 1)],
            "skin_tone": [(12, 34, 56)[n % 3] for n in range(N)],
            "malignant": [diseases[name] for name in names],
            "disease": names,
        }
    )


def make_ph2(N: int = 120) -> str:
    """The text of `PH2_dataset.txt`: cells between strokes, and legends below."""
    header = "||   Name  ||   Histological Diagnosis   || Clinical Diagnosis || Asymmetry | Pigment Network | "
    header += "Dots/Globules | Streaks | Regression Areas | Blue-Whitish Veil ||    Colors    ||"
    rows = [
        f"|| IMD{n:03d}  ||                            ||                  {n % 3} ||         0 |               T | "
        "           A |       A |                A |                 A ||        4     ||"
        for n in range(2, N + 2)
    ]
    legend = ["", "Legends for Clinical Diagnosis:", "0 - Common Nevus", "1 - Atypical Nevus", "2 - Melanoma"]
    return "\n".join([header, *rows, *legend]) + "\n"


def _draw(generator: Generator, words: Sequence[str], N: int) -> list[str]:
    return [words[at] for at in generator.integers(0, len(words), N)]


def _repeat(values: Sequence[Any], number: int) -> list[Any]:
    return [value for value in values for _ in range(number)]
