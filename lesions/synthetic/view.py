"""The view of one image: the positions of its pixels on the skin, in millimetres."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
"""Arrays of float32; NumPy's types do not express that their products with Python floats are float32."""

FIELD_MM = 11.0


@dataclass(frozen=True, kw_only=True)
class View:
    """How the dermoscope was held: a square field on the skin, whose origin is the lesion's centre.

    Attributes
    ----------
    size_px : int
        Width and height of the image.
    field_mm : float
        Width and height of the field on the skin.
    angle_rad : float
        Turn of the dermoscope.
    centre_mm : tuple of float
        The field's centre, from the lesion's (x, y).
    """

    size_px: int
    field_mm: float
    angle_rad: float
    centre_mm: tuple[float, float]

    def points_mm(self) -> FloatArray:
        """Return the position of each pixel centre on the skin, (2, H, W), in millimetres."""
        along = (np.arange(self.size_px) + 0.5) * self.field_mm / self.size_px
        points = np.tensordot(self.rotation(), np.stack(np.meshgrid(along, along)), axes=1)
        return (points + self.corner_mm()[:, None, None]).astype(np.float32)

    def to_px(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert points (M, 2) on the skin, in millimetres, to points (M, 2) in the image, in pixels."""
        turned: NDArray[np.float64] = (points_mm - self.corner_mm()) @ self.rotation()
        return turned * self.size_px / self.field_mm

    def corner_mm(self) -> NDArray[np.float64]:
        """Return the position of the image's top left corner on the skin, (2,), in millimetres."""
        half_diagonal: NDArray[np.float64] = self.rotation() @ np.full(2, self.field_mm / 2)
        return self.centre_mm - half_diagonal

    def rotation(self) -> NDArray[np.float64]:
        """Return the matrix, (2, 2), that turns the image's axes into the skin's."""
        cos, sin = math.cos(self.angle_rad), math.sin(self.angle_rad)
        return np.array([[cos, -sin], [sin, cos]])


def draw_view(size_px: int, rng: np.random.Generator) -> View:
    """Draw the view of one image: the dermoscope slightly turned, shifted and zoomed.

    Parameters
    ----------
    size_px : int
        Width and height of the image.
    rng : Generator
        The image's own stream.
    """
    return View(
        size_px=size_px,
        field_mm=FIELD_MM * rng.uniform(0.88, 1.12),
        angle_rad=rng.normal(0, 0.4),
        centre_mm=(rng.normal(0, 0.5), rng.normal(0, 0.5)),
    )
