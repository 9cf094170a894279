"""How each diagnosis looks through a dermoscope, and how much the diagnoses overlap."""

import math
from dataclasses import dataclass, fields

import numpy as np

OVERLAP = 0.22
"""How hard the dataset is to classify.

The standard deviation, among the lesions of one diagnosis, of every descriptor (from 0 to 1) and of the logarithm of
the diameter. At 0 every naevus has the same descriptors, and the diagnoses are easy to distinguish. The larger it is,
the more lesions look like those of another diagnosis."""


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """Dermoscopic descriptors of one lesion, or of a diagnosis on average.

    Attributes
    ----------
    diameter_mm : float
        Mean diameter.
    asymmetry, irregularity, diffuseness : float
        The border, from 0 to 1: how far from a circle, how notched, and how wide the rim that fades into the skin.
    brown, red, variegation : float
        The colour, from 0 to 1: epidermal melanin, blood, and how unevenly both are distributed.
    network, globules, veil, vessels, nests, ulcer, milia, keratin, follicles, scar, lacunae : float
        Structures, from 0 (absent) to 1 (striking): pigment network; brown globules; blue-white veil;
        arborising vessels; blue-grey ovoid nests; ulceration; milia-like cysts; scale or keratin; the pale
        follicles of the strawberry pattern; a white scar-like centre; red-purple lacunae.
    """

    diameter_mm: float
    asymmetry: float
    irregularity: float
    diffuseness: float
    brown: float
    red: float
    variegation: float
    network: float = 0.0
    globules: float = 0.0
    veil: float = 0.0
    vessels: float = 0.0
    nests: float = 0.0
    ulcer: float = 0.0
    milia: float = 0.0
    keratin: float = 0.0
    follicles: float = 0.0
    scar: float = 0.0
    lacunae: float = 0.0


APPEARANCES: dict[str, Appearance] = {
    # Actinic keratosis: pink-red, scaly, a red net around pale follicles ("strawberry"), a diffuse border.
    "akiec": Appearance(
        diameter_mm=6.5,
        asymmetry=0.4,
        irregularity=0.5,
        diffuseness=0.8,
        brown=0.2,
        red=0.6,
        variegation=0.5,
        keratin=0.6,
        follicles=0.75,
    ),
    # Basal cell carcinoma: pink and pearly, branching vessels, blue-grey ovoid nests, sometimes an ulcer.
    "bcc": Appearance(
        diameter_mm=6.5,
        asymmetry=0.4,
        irregularity=0.3,
        diffuseness=0.5,
        brown=0.12,
        red=0.4,
        variegation=0.4,
        vessels=0.8,
        nests=0.65,
        ulcer=0.35,
    ),
    # Seborrhoeic keratosis: tan to grey, sharply cut as if stuck on, with white milia-like cysts and keratin.
    "bkl": Appearance(
        diameter_mm=7.0,
        asymmetry=0.4,
        irregularity=0.45,
        diffuseness=0.15,
        brown=0.4,
        red=0.2,
        variegation=0.4,
        milia=0.75,
        keratin=0.4,
    ),
    # Dermatofibroma: small and round, a white scar-like centre in a light-brown rim with a faint network.
    "df": Appearance(
        diameter_mm=5.0,
        asymmetry=0.15,
        irregularity=0.15,
        diffuseness=0.7,
        brown=0.3,
        red=0.35,
        variegation=0.2,
        network=0.35,
        scar=0.85,
    ),
    # Melanoma: large, asymmetric and notched, many colours, a patchy network, a blue-white veil.
    "mel": Appearance(
        diameter_mm=7.0,
        asymmetry=0.7,
        irregularity=0.7,
        diffuseness=0.3,
        brown=0.75,
        red=0.3,
        variegation=0.85,
        network=0.4,
        globules=0.4,
        veil=0.65,
    ),
    # Melanocytic naevus: round, evenly brown, a regular pigment network or globules that fade at the border.
    "nv": Appearance(
        diameter_mm=5.0,
        asymmetry=0.2,
        irregularity=0.2,
        diffuseness=0.4,
        brown=0.6,
        red=0.25,
        variegation=0.25,
        network=0.6,
        globules=0.35,
    ),
    # Haemangioma and similar lesions: small and sharp, closely packed red to purple lacunae.
    "vasc": Appearance(
        diameter_mm=4.0,
        asymmetry=0.25,
        irregularity=0.25,
        diffuseness=0.15,
        brown=0.05,
        red=0.75,
        variegation=0.3,
        lacunae=0.85,
    ),
}


def draw_appearance(diagnosis: str, rng: np.random.Generator) -> Appearance:
    """Draw one lesion's descriptors around those of its diagnosis, with the standard deviation `OVERLAP`.

    Parameters
    ----------
    diagnosis : str
        One of the keys of `APPEARANCES`.
    rng : Generator
        The lesion's own stream.
    """
    mean = APPEARANCES[diagnosis]
    names = [field.name for field in fields(Appearance) if field.name != "diameter_mm"]
    descriptors = {name: min(max(getattr(mean, name) + rng.normal(0, OVERLAP), 0.0), 1.0) for name in names}
    diameter_mm = mean.diameter_mm * math.exp(rng.normal(0, OVERLAP))
    return Appearance(diameter_mm=diameter_mm, **descriptors)
