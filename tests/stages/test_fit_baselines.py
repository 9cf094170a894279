"""The class prior agrees with values worked by hand, and the regression learns only from training images."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax
from torchvision import models

from lesions.baselines.features import compute_features
from lesions.baselines.regression import INVERSE_REGULARISATION, compute_logits, fit_regression, list_regressions
from lesions.formats.sha256 import hash_file
from lesions.networks.parameters import read_architecture
from lesions.parameters.hardware import HardwareParameters
from lesions.tables.predictions import read_predictions
from stages import fit_baselines
from tests.builders import HARDWARE
from tests.repository import Repository


@pytest.fixture
def copy(tiny: Repository, tmp_path: Path) -> Repository:
    """Return a copy of the tiny repository whose ResNet-18 has pretrained weights from a file of random weights."""
    copy = tiny.copy_files(tmp_path / "copy")
    torch.manual_seed(0)
    torch.save(models.resnet18(weights=None).state_dict(), copy.root / "weights.pth")
    params = copy.root / "params.yaml"
    old = "    weights: none\n    weights_sha256: null      # sha256 of that file\n"
    assert old in params.read_text()
    sha256 = hash_file(copy.root / "weights.pth")
    text = params.read_text().replace(old, f"    weights: weights.pth\n    weights_sha256: {sha256}\n")
    text = text.replace("accepted_licences: []", "accepted_licences: [unknown]", 1)
    params.write_text(text)
    return copy


def test_without_pretrained_weights_the_only_baseline_is_the_class_prior(tiny: Repository) -> None:
    folder = tiny.root / "data/predictions/baselines"
    assert [path.name for path in folder.iterdir()] == ["class_prior.csv"]
    table = pd.read_csv(tiny.root / "data/metadata.csv").merge(pd.read_csv(tiny.root / "data/splits.csv"))
    train = Counter(table[table.split == "train"].diagnosis)
    predictions = read_predictions(folder / "class_prior.csv")
    assert set(predictions.images.image_id) == set(table[table.split != "train"].image_id)
    expected = [train[name] / train.total() for name in predictions.classes]
    np.testing.assert_allclose(predictions.y_prob, np.tile(expected, (len(predictions.y_true), 1)), atol=1e-5)


def fit(folder: Path) -> None:
    data = folder / "data"
    tables = (data / "metadata.csv", data / "splits.csv", data / "classes.json")
    fit_baselines.main(data / "images.npy", *tables, folder / "new", folder / "params.yaml")


def test_the_regression_on_features_learns_nothing_from_test_images(
    copy: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy.root)
    fit(copy.root)
    first = read_predictions(copy.root / "new/resnet18_features.csv")
    assert sorted(path.name for path in (copy.root / "new").iterdir()) == ["class_prior.csv", "resnet18_features.csv"]
    assert set(first.images.split) == {"val", "test"}

    metadata = copy.root / "data/metadata.csv"
    table = pd.read_csv(metadata, dtype=str, keep_default_na=False)
    test = table.image_id.isin(first.select("test").images.image_id)
    table.loc[test, "diagnosis"] = "nevus"
    metadata.unlink()  # it may be a link into DVC's cache
    table.to_csv(metadata, index=False)
    fit(copy.root)
    second = read_predictions(copy.root / "new/resnet18_features.csv")
    assert (second.select("test").y_true != first.select("test").y_true).any()
    np.testing.assert_array_equal(second.logits, first.logits)


def test_features_are_what_torchvisions_network_computes_before_its_last_layer(
    copy: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy.root)
    architecture = read_architecture(copy.root / "params.yaml", "resnet18")
    pixels = np.random.default_rng(0).integers(0, 256, size=(4, 32, 32, 3)).astype(np.uint8)
    table = pd.DataFrame({"row": [2, 0]})
    ((_, features),) = compute_features({"it": architecture}, pixels, table, HardwareParameters(**HARDWARE))
    network = models.resnet18(weights=None)
    network.load_state_dict(torch.load("weights.pth", weights_only=True))
    network.fc = torch.nn.Identity()
    images = torch.from_numpy(pixels[[2, 0]]).permute(0, 3, 1, 2) / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        expected = network.eval()((images - mean.view(3, 1, 1)) / std.view(3, 1, 1))
    np.testing.assert_allclose(features, expected, atol=1e-4)


@pytest.mark.parametrize("K", [2, 3])
def test_logits_give_scikit_learns_probabilities(K: int) -> None:
    generator = np.random.default_rng(0)
    label = generator.integers(K, size=60)
    features = (generator.normal(size=(60, 5)) + np.eye(K, 5)[label]).astype(np.float32)
    regression = next(list_regressions(features, label))
    logits = compute_logits(regression, features)
    assert logits.shape == (60, K)
    np.testing.assert_allclose(softmax(logits, axis=1), regression.predict_proba(features), atol=1e-6)


def test_a_rare_diagnosis_has_the_weight_of_a_common_one() -> None:
    # Two normal distributions with means one apart: unweighted, the boundary would be log(19) beyond the middle.
    generator = np.random.default_rng(0)
    label = np.repeat([0, 1], [3800, 200])
    features = (generator.normal(size=(4000, 1)) + label[:, None]).astype(np.float32)
    *_, regression = list_regressions(features, label)
    middle = np.array([[0.5]], dtype=np.float32)
    assert compute_logits(regression, middle)[0, 1] == pytest.approx(0, abs=0.3)


def test_the_regularisation_is_the_one_with_the_best_validation_score() -> None:
    generator = np.random.default_rng(0)
    label = generator.integers(3, size=250)
    features = (generator.normal(size=(250, 40)) + 0.5 * np.eye(3, 40)[label]).astype(np.float32)
    table = pd.DataFrame({"label": label, "split": ["train"] * 200 + ["val"] * 50})
    regressions = {fitted[-1].C: fitted for fitted in list_regressions(features[:200], label[:200])}
    assert tuple(regressions) == INVERSE_REGULARISATION
    for strength in (min(INVERSE_REGULARISATION), max(INVERSE_REGULARISATION)):
        # Only this strength classifies all validation labels correctly.
        table.loc[200:, "label"] = regressions[strength].predict(features[200:])
        assert strength == fit_regression(features, table, 3)[-1].C
