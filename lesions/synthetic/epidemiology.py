"""How each diagnosis occurs by age, sex and body site, and how it is confirmed: rounded from HAM10000's metadata."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """How one diagnosis occurs among patients.

    Attributes
    ----------
    num_published : int
        Images of this diagnosis in HAM10000 (Tschandl et al., Sci Data 5:180161, 2018), of 10,015.
    age_years, age_sd_years : float
        Mean and standard deviation of the patients' age.
    male : float
        Share of men, from 0 to 1.
    sites, dx_types : Mapping of str to float
        Relative frequencies of body sites and of kinds of confirmation; they need not sum to 1.
    """

    num_published: int
    age_years: float
    age_sd_years: float
    male: float
    sites: Mapping[str, float]
    dx_types: Mapping[str, float]


OCCURRENCES: dict[str, Occurrence] = {
    "akiec": Occurrence(
        num_published=327,
        age_years=67,
        age_sd_years=12,
        male=0.68,
        sites={"face": 35, "upper extremity": 20, "lower extremity": 17, "back": 9, "chest": 5, "scalp": 4}
        | {"neck": 4, "hand": 4, "abdomen": 2, "ear": 1},
        dx_types={"histo": 1},
    ),
    "bcc": Occurrence(
        num_published=514,
        age_years=68,
        age_sd_years=13,
        male=0.63,
        sites={"back": 37, "face": 20, "lower extremity": 12, "upper extremity": 9, "chest": 8, "scalp": 5}
        | {"abdomen": 3, "neck": 2, "ear": 1, "foot": 1, "trunk": 1, "unknown": 1},
        dx_types={"histo": 1},
    ),
    "bkl": Occurrence(
        num_published=1099,
        age_years=64,
        age_sd_years=14,
        male=0.57,
        sites={"face": 30, "back": 18, "lower extremity": 14, "upper extremity": 10, "chest": 7, "trunk": 7}
        | {"abdomen": 3, "neck": 3, "scalp": 3, "hand": 1, "ear": 1, "unknown": 2},
        dx_types={"histo": 69, "consensus": 25, "confocal": 6},
    ),
    "df": Occurrence(
        num_published=115,
        age_years=53,
        age_sd_years=13,
        male=0.53,
        sites={
            "lower extremity": 79,
            "upper extremity": 12,
            "abdomen": 3,
            "back": 2,
            "foot": 2,
            "genital": 1,
        },
        dx_types={"consensus": 58, "histo": 42},
    ),
    "mel": Occurrence(
        num_published=1113,
        age_years=60,
        age_sd_years=15,
        male=0.63,
        sites={"back": 31, "upper extremity": 19, "lower extremity": 16, "face": 9, "abdomen": 6, "chest": 6}
        | {"trunk": 4, "neck": 3, "foot": 2, "ear": 1, "scalp": 1, "unknown": 1},
        dx_types={"histo": 1},
    ),
    "nv": Occurrence(
        num_published=6705,
        age_years=46,
        age_sd_years=15,
        male=0.51,
        sites={"lower extremity": 22, "back": 21, "trunk": 19, "abdomen": 13, "upper extremity": 9, "foot": 4}
        | {"chest": 3, "face": 1, "hand": 1, "neck": 1, "genital": 1, "scalp": 1, "acral": 0.1, "unknown": 3},
        dx_types={"follow_up": 55, "histo": 37, "consensus": 8},
    ),
    "vasc": Occurrence(
        num_published=142,
        age_years=51,
        age_sd_years=20,
        male=0.49,
        sites={"trunk": 24, "abdomen": 23, "lower extremity": 18, "back": 15, "face": 8, "upper extremity": 6}
        | {"hand": 5, "scalp": 2, "chest": 1},
        dx_types={"consensus": 58, "histo": 42},
    ),
}
