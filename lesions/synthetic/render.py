"""Rendering one dermoscopy-like image: the patient's skin, the lesion in it, and the dermoscope's artefacts."""

import numpy as np
from numpy.typing import NDArray

from lesions.synthetic.appearance import draw_appearance
from lesions.synthetic.artefacts import add_artefacts
from lesions.synthetic.lesion import grow_lesion
from lesions.synthetic.skin import draw_skin, grow_skin
from lesions.synthetic.streams import random_stream
from lesions.synthetic.view import draw_view


def render_image(
    *, diagnosis: str, patient_id: str, lesion_id: str, image_id: str, size_px: int, seed: int
) -> NDArray[np.uint8]:
    """Return one image (H, W, 3), which depends on these arguments alone.

    All positions are in millimetres on the skin, so that another `size_px` shows the same lesion in more or less
    detail.

    Parameters
    ----------
    diagnosis : str
        A HAM10000 code, such as "nv": decides how the lesion looks on average.
    patient_id : str
        Determines the skin.
    lesion_id : str
        Determines the lesion, and the marks of the skin around it.
    image_id : str
        Determines the view: how the dermoscope was held, its light and the artefacts.
    size_px : int
        Width and height.
    seed : int
        The dataset's seed.
    """
    skin = draw_skin(random_stream(seed, patient_id))
    lesion_rng = random_stream(seed, lesion_id)
    image_rng = random_stream(seed, image_id)

    appearance = draw_appearance(diagnosis, lesion_rng)
    view = draw_view(size_px, image_rng)
    tissue = grow_skin(view, skin, lesion_rng)
    grow_lesion(tissue, appearance, view=view, rng=lesion_rng)
    picture = add_artefacts(tissue.colour(), view, image_rng)
    return (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)
