"""Render one dermoscopy-like image: the patient's skin, the lesion in it, the dermoscope in front of it."""

import numpy as np
from numpy.typing import NDArray

from lesions.synthetic.artefacts import add_artefacts
from lesions.synthetic.lesion import grow_lesion
from lesions.synthetic.looks import draw_look
from lesions.synthetic.skin import draw_skin, grow_skin
from lesions.synthetic.streams import random_stream
from lesions.synthetic.view import draw_view


def render_image(
    *, diagnosis: str, patient_id: str, lesion_id: str, image_id: str, size_px: int, seed: int
) -> NDArray[np.uint8]:
    """Return one image, (H, W, 3), which depends on these arguments alone.

    Everything is placed in millimetres on the skin, so that another `size_px` shows the same lesion in
    more or in less detail.

    Parameters
    ----------
    diagnosis : str
        A HAM10000 code, such as "nv": decides how the lesion looks on average.
    patient_id : str
        Names the skin.
    lesion_id : str
        Names the lesion, and the skin's marks around it.
    image_id : str
        Names the view: how the dermoscope was held, its light and the artefacts.
    size_px : int
        Width and height.
    seed : int
        The dataset's.
    """
    skin = draw_skin(random_stream(seed, patient_id))
    lesion_rng = random_stream(seed, lesion_id)
    image_rng = random_stream(seed, image_id)

    look = draw_look(diagnosis, lesion_rng)
    view = draw_view(size_px, image_rng)
    tissue = grow_skin(view, skin, lesion_rng)
    grow_lesion(tissue, look, view=view, rng=lesion_rng)
    picture = add_artefacts(tissue.colour(), view, image_rng)
    return (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)
