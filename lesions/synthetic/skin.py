"""The skin around the lesion: its tone, which depends on the patient, and how pigments colour it."""

from dataclasses import dataclass

import numpy as np

from lesions.synthetic.patterns import distort_points, honeycomb, smooth_noise, smooth_step
from lesions.synthetic.view import FloatArray, View

LIGHT = np.array([0.97, 0.93, 0.93], np.float32)
ABSORPTION = np.array(
    [
        [0.95, 1.60, 2.35],  # melanin of the epidermis, seen brown
        [0.16, 1.15, 0.80],  # haemoglobin, seen red
        [1.70, 1.15, 0.75],  # melanin of the dermis, seen blue-grey through the skin above it
    ],
    np.float32,
)


@dataclass
class Tissue:
    """Amounts of the pigments at each pixel, in optical densities, and the opaque white on top of them.

    Attributes
    ----------
    brown, red, blue : ndarray of float32, (H, W)
        Epidermal melanin, haemoglobin and dermal melanin.
    white : ndarray of float32, (H, W)
        Share of the light that scars, keratin or cysts scatter back before it reaches a pigment, 0 to 1.
    """

    brown: FloatArray
    red: FloatArray
    blue: FloatArray
    white: FloatArray

    def colour(self) -> FloatArray:
        """Return the colour (H, W, 3) of the light that the pigments do not absorb (Beer-Lambert), 0 to 1."""
        density = np.stack([self.brown, self.red, self.blue], axis=-1)
        pigmented: FloatArray = LIGHT * np.exp(-density @ ABSORPTION)
        scattered = np.array([0.95, 0.86, 0.82], np.float32)
        return pigmented + self.white[..., None] * (scattered - pigmented)


@dataclass(frozen=True, kw_only=True)
class Skin:
    """One patient's skin.

    Attributes
    ----------
    brown, red : float
        Optical densities of melanin and haemoglobin.
    freckles : float
        Amount of freckles, from 0 to 1.
    """

    brown: float
    red: float
    freckles: float


def draw_skin(rng: np.random.Generator) -> Skin:
    """Draw a patient's skin: mostly fair, as in HAM10000, and sometimes dark.

    Parameters
    ----------
    rng : Generator
        The patient's own stream.
    """
    return Skin(brown=0.03 + 0.5 * rng.beta(1.2, 6), red=rng.uniform(0.10, 0.32), freckles=rng.beta(1, 3))


def grow_skin(view: View, skin: Skin, rng: np.random.Generator) -> Tissue:
    """Return healthy skin: mottled, with fine furrows and freckles.

    Parameters
    ----------
    view : View
        Which part of the skin the pixels show.
    skin : Skin
        The patient's skin.
    rng : Generator
        The lesion's own stream: the skin around a lesion is the same in all its views.
    """
    flush = smooth_noise(view, rng, cell_mm=2.0)
    mottle = smooth_noise(view, rng, cell_mm=0.35)
    furrows = honeycomb(distort_points(view, rng, stray_mm=0.2), rng, cell_mm=0.7)
    freckles = smooth_step(smooth_noise(view, rng, cell_mm=0.6), 1.4, 2.4)
    brown = skin.brown * (1 + 0.09 * mottle + 0.2 * furrows) + 0.25 * skin.freckles * freckles
    red = skin.red * (1 + 0.15 * flush + 0.07 * mottle)
    nothing = np.zeros_like(brown)
    return Tissue(brown=brown, red=red, blue=nothing, white=nothing.copy())
