"""The probes see only what they should see, and exploit a shortcut planted there."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from lesions.baselines.probes import describe_borders, describe_metadata, has_metadata
from lesions.tables.classes import Classes, write_classes
from lesions.tables.csv_table import write_table
from lesions.tables.metadata import COLUMNS
from lesions.tables.predictions import read_predictions
from stages import fit_probes
from tests.builders import HARDWARE, WriteParams, metadata_table
from tests.splitting import SPLIT

N = 240
RANDOM_SEX = np.random.default_rng(1).choice(["male", "female"], N).tolist()


def run_probes(tmp_path: Path, params: Path, images: NDArray[np.uint8], **columns: list[Any]) -> dict[str, float]:
    """Run the stage on images of which every second is a melanoma; return each probe's accuracy on test images."""
    diagnoses = ["melanoma", "nevus"] * (N // 2)
    table = metadata_table(diagnoses, **columns)
    np.save(tmp_path / "images.npy", images)
    write_table(tmp_path / "metadata.csv", table[COLUMNS], sort_by="image_id")
    split = ["train" if n < N // 2 else "val" if n < 3 * N // 4 else "test" for n in range(N)]
    splits = table[["image_id"]].assign(group_id=table.patient_id, split=split)
    write_table(tmp_path / "splits.csv", splits, sort_by="image_id")
    weights = Classes(("melanoma", "nevus"), (("melanoma",), ("nevus",)), (N // 4, N // 4), (1.0, 1.0))
    write_classes(tmp_path / "classes.json", weights)
    fit_probes.main(
        tmp_path / "images.npy",
        tmp_path / "metadata.csv",
        tmp_path / "splits.csv",
        tmp_path / "classes.json",
        tmp_path / "probes",
        params,
    )
    predictions = {
        path.stem: read_predictions(path).select("test") for path in sorted((tmp_path / "probes").iterdir())
    }
    return {
        probe: float((test.y_pred == test.y_true).mean()) for probe, test in predictions.items() if len(test.y_true)
    }


def noise(size: int = 27) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (N, size, size, 3)).astype(np.uint8)


def test_probes_without_a_shortcut_are_at_chance(tmp_path: Path, write_params: WriteParams) -> None:
    accuracies = run_probes(tmp_path, write_params(hardware=HARDWARE, split=SPLIT), noise(), sex=RANDOM_SEX)
    assert list(accuracies) == ["border_probe", "metadata_probe"]
    for accuracy in accuracies.values():
        assert abs(accuracy - 0.5) < 0.25  # 60 test images: four standard deviations


def test_the_border_probe_exploits_a_mark_in_the_corner_of_each_melanoma(
    tmp_path: Path, write_params: WriteParams
) -> None:
    images = noise()
    images[::2, :3, :3] = 0
    accuracies = run_probes(tmp_path, write_params(hardware=HARDWARE, split=SPLIT), images, sex=RANDOM_SEX)
    assert accuracies["border_probe"] == 1
    assert abs(accuracies["metadata_probe"] - 0.5) < 0.25


def test_the_border_probe_does_not_see_a_mark_in_the_middle(tmp_path: Path, write_params: WriteParams) -> None:
    images = noise()
    images[::2, 3:-3, 3:-3] = 0
    np.testing.assert_array_equal(describe_borders(images, np.arange(N)), describe_borders(noise(), np.arange(N)))
    assert (
        abs(run_probes(tmp_path, write_params(hardware=HARDWARE, split=SPLIT), images)["border_probe"] - 0.5) < 0.25
    )


@pytest.mark.parametrize(
    ("column", "of_melanoma", "of_nevus"),
    [
        ("sex", "male", "female"),
        ("site", "trunk", "face"),
        ("age_years", 72.0, 31.0),
        ("fitzpatrick_type", 2, 3),
        ("width_px", 600, 1024),
    ],
)
def test_the_metadata_probe_exploits_what_the_table_gives_away(
    tmp_path: Path, write_params: WriteParams, column: str, of_melanoma: Any, of_nevus: Any
) -> None:
    columns: dict[str, list[Any]] = {"sex": RANDOM_SEX, column: [of_melanoma, of_nevus] * (N // 2)}
    accuracies = run_probes(tmp_path, write_params(hardware=HARDWARE, split=SPLIT), noise(), **columns)
    assert accuracies["metadata_probe"] == 1
    assert abs(accuracies["border_probe"] - 0.5) < 0.25


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"sex": ["male"] * N, "age_years": [40.0] * N},
        {"width_px": [600, 1024] * (N // 2), "height_px": [450, 1024] * (N // 2)},
        {"diagnosis_confirmation": ["histopathology", "follow_up"] * (N // 2)},
    ],
    ids=["nothing is known", "all images are alike", "only the sizes differ", "only the confirmation differs"],
)
def test_without_metadata_there_is_no_metadata_probe(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str], columns: dict[str, list[Any]]
) -> None:
    accuracies = run_probes(tmp_path, write_params(hardware=HARDWARE, split=SPLIT), noise(), **columns)
    assert list(accuracies) == ["border_probe"]
    assert "no metadata_probe: the table has no sex, age, site, skin type or source" in capsys.readouterr().out


@pytest.mark.parametrize(
    "columns",
    [
        {"sex": ["male"] + [None] * (N - 1)},
        {"source": ["ham10000"] * (N // 2) + ["pad_ufes_20"] * (N // 2)},
        {"fitzpatrick_type": pd.array([1] * (N - 1) + [2], dtype="Int64")},
    ],
    ids=["known for one image", "two sources", "one image differs"],
)
def test_a_field_that_tells_images_apart_is_metadata(columns: dict[str, Any]) -> None:
    assert has_metadata(metadata_table(["nevus"] * N, **columns))


def test_how_a_diagnosis_was_confirmed_and_who_the_patient_is_are_not_seen() -> None:
    table = metadata_table(["nevus"] * 4)
    other = table.assign(diagnosis_confirmation="histopathology", patient_id="p", lesion_id="l", diagnosis="melanoma")
    np.testing.assert_array_equal(describe_metadata(table), describe_metadata(other))


def test_missing_values_are_a_category_of_their_own() -> None:
    table = metadata_table(["nevus"] * 3, sex=["male", None, "male"], age_years=[34.0, np.nan, 38.0])
    features = describe_metadata(table)
    np.testing.assert_array_equal(features[0], features[2])
    assert (features[0] != features[1]).sum() == 4


def test_cells_of_the_rim_agree_with_values_worked_by_hand() -> None:
    image = np.zeros((1, 18, 18, 3), np.uint8)
    image[0, :2, :2] = (30, 60, 90)
    image[0, 0, -2:] = 100  # half of the last cell of the first row
    features = describe_borders(image, np.array([0])).reshape(32, 4)
    np.testing.assert_allclose(features[0], [30, 60, 90, 0], atol=1e-4)
    np.testing.assert_allclose(features[8], [50, 50, 50, 50], atol=1e-4)
    assert not features[9:].any()


def test_an_image_size_that_nine_does_not_divide_is_covered(tmp_path: Path) -> None:
    plain = np.full((2, 37, 37, 3), 80, np.uint8)
    features = describe_borders(plain, np.array([1])).reshape(32, 4)
    np.testing.assert_allclose(features, np.tile([80, 80, 80, 0], (32, 1)), atol=0.01)


def test_rows_of_the_cache_are_read_in_the_given_order() -> None:
    images = noise()
    rows = np.array([5, 2, 9])
    np.testing.assert_array_equal(describe_borders(images, rows), describe_borders(images[rows], np.arange(3)))
    assert pd.DataFrame(describe_borders(images, rows)).nunique().max() == 3


def test_sealed_test_images_have_no_row(tmp_path: Path, write_params: WriteParams) -> None:
    run_probes(tmp_path, write_params(hardware=HARDWARE, split=SPLIT | {"seal": True}), noise())
    assert set(read_predictions(tmp_path / "probes/border_probe.csv").images.split) == {"val"}
