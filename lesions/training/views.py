"""Two random views of each training image, for pretraining without labels."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.hardware.device import choose_memory_format
from lesions.networks.source import ImageSource
from lesions.training.sampling import draw_order
from lesions.transforms.artefacts import draw_hairs
from lesions.transforms.augmentation import augment_images, draw_changes
from lesions.transforms.crops import draw_crops
from lesions.transforms.parameters import AugmentationParameters
from lesions.transforms.preprocessing import Preprocessing

VIEW = AugmentationParameters(
    mirror="both",
    rotation_degrees=180,
    zoom=0,
    shift=0,
    crop_area=(0.3, 1),
    crop_aspect=(0.75, 1.33),
    brightness=0.3,
    contrast=0.3,
    saturation=0.2,
    hue_degrees=10,
    colour_cast=0.05,
    hairs=0,
    blur=0.02,
    cutout=0,
    mixup_alpha=0,
    cutmix_alpha=0,
    common_strength=1,
    rare_strength=1,
)
"""How a view differs from its image. Grill et al. (2020) crop to 8 % and change hues by 36°; a crop of a lesion
should still show a lesion, whose colours tell its diagnosis."""


class TwoViews:
    """The batches of all epochs: two views of each image, with an order and random changes that each epoch draws.

    Parameters
    ----------
    rows : (N,) int
        The rows in the image cache of the images to learn from.
    """

    def __init__(
        self,
        source: ImageSource,
        rows: NDArray[np.int64],
        *,
        preprocessing: Preprocessing,
        device: torch.device,
        batch_size: int,
        seed: int,
    ) -> None:
        self._source = source
        self._rows = rows
        self._preprocessing = preprocessing
        self._device = device
        self._seed = seed
        self.batch_size = min(batch_size, len(rows))

    @property
    def num_batches(self) -> int:
        """Number of full batches per epoch; the images that would not fill a last batch are left out of the epoch."""
        return len(self._rows) // self.batch_size

    def epoch(self, epoch: int) -> Iterator[Tensor]:
        """Yield the batches of an epoch, counted from 1.

        Yields
        ------
        (2 B, 3, H, W)
            Normalised pixels on the device: one view of each image, then another of each, in the same order.
        """
        N, B = len(self._rows), self.batch_size
        order = draw_order(np.zeros(N, dtype=np.int64), (N,), "shuffled", seed=self._seed, epoch=epoch)
        order = order[: self.num_batches * B]
        drawing = {"seed": self._seed, "epoch": epoch}
        draws = self._of_views(draw_changes(2 * N, **drawing))
        crops = self._of_views(draw_crops(2 * N, area=VIEW.crop_area, aspect=VIEW.crop_aspect, **drawing))
        hairs = self._of_views(draw_hairs(2 * N, VIEW.max_hairs, **drawing))
        strengths = torch.ones(2 * B, device=self._device)
        for number, pixels in enumerate(self._source.yield_batches(self._rows[order], B)):
            places = slice(number * B, (number + 1) * B)
            views = augment_images(
                self._preprocessing.prepare(pixels).repeat(2, 1, 1, 1),
                draws[:, places].flatten(0, 1),
                crops=crops[:, places].flatten(0, 1),
                hairs=hairs[:, places].flatten(0, 1),
                strengths=strengths,
                parameters=VIEW,
                preprocessing=self._preprocessing,
            )
            inputs = self._preprocessing.normalise(views)
            yield inputs.contiguous(memory_format=choose_memory_format(self._device))

    def _of_views(self, drawn: NDArray[np.float32]) -> Tensor:
        """Return what was drawn for 2 N views on the device, as (2, N, …)."""
        return torch.from_numpy(drawn).to(self._device).unflatten(0, (2, -1))
