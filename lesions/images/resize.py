"""Resizing with Pillow's filters, using vector instructions where the package cykooz_resizer is available."""

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

try:
    import cykooz_resizer as vectorised
except ImportError:  # not built for Linux on Arm; Pillow's own resizing takes three times as long
    vectorised = None

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge, in pixels."""

Kernel = Literal["bilinear", "box"]


class ResizableImage:
    """An image that can be resized several times.

    Parameters
    ----------
    pixels : (H, W, 3) uint8
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.height_px, self.width_px = pixels.shape[:2]
        self._source = (
            Image.fromarray(pixels)
            if vectorised is None
            else vectorised.ImageData(self.width_px, self.height_px, vectorised.PixelType.U8x3, pixels.tobytes())
        )

    def resize(self, width_px: int, height_px: int, *, kernel: Kernel, box: Box | None = None) -> NDArray[np.uint8]:
        """Return the image, or a part of it, as (height_px, width_px, 3).

        When shrinking, the kernel is widened, so that every source pixel counts.
        """
        left, top, right, bottom = box or (0, 0, self.width_px, self.height_px)
        if vectorised is None:
            resampling = Image.Resampling[kernel.upper()]
            return np.asarray(self._source.resize((width_px, height_px), resampling, (left, top, right, bottom)))
        resized = vectorised.ImageData(width_px, height_px, vectorised.PixelType.U8x3)
        # A resizer may be used by one thread only, and is cheap to create.
        vectorised.Resizer().resize(
            self._source, resized, _make_options(kernel, (left, top, right - left, bottom - top))
        )
        return np.frombuffer(resized.get_buffer(), np.uint8).reshape(height_px, width_px, 3)


@lru_cache(maxsize=64)
def _make_options(kernel: Kernel, crop: tuple[float, float, float, float]) -> "vectorised.ResizeOptions":
    """Return a resizer's options for a crop: left, top, width and height.

    They are cached: building them holds the interpreter's lock, and all threads wait.
    """
    return vectorised.ResizeOptions(
        resize_alg=vectorised.ResizeAlg.convolution(vectorised.FilterType[kernel]),
        crop_box=vectorised.CropBox(*crop),
    )
