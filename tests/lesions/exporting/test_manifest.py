"""What an exported file says of the licences of its data."""

import pytest

from lesions.datasets.registry import PUBLISHED
from lesions.exporting.manifest import list_data_licences
from lesions.release.licences import find_forbidding
from lesions.serving.manifest import Licences


@pytest.mark.parametrize("name", sorted({*PUBLISHED} - {"synthetic"}))
def test_a_published_dataset_is_nobody_s_own(name: str) -> None:
    licences = list_data_licences([name])
    assert licences[name]
    forbidding = [*find_forbidding(Licences(weights={}, data=licences), "mit")]
    assert len(forbidding) == (licences[name] != "CC BY 4.0")


def test_drawn_images_and_own_sources_have_no_licence_to_keep() -> None:
    assert list_data_licences(["synthetic", "csv", "image_folder", "clinic"]) == dict.fromkeys(
        ["clinic", "csv", "image_folder", "synthetic"]
    )
