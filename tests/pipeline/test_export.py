"""DVC exports what is listed, and `lesions predict` answers for image files what the run's table says."""

import json

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation.prediction_sets import build_sets, calibrate_sets
from lesions.parameters.overlay import lay_over
from lesions.tables.metadata import read_metadata
from lesions.tables.predictions import read_predictions
from tests.repository import Repository, stages_run


@pytest.mark.slow
def test_an_exported_file_predicts_the_images_of_the_dataset_as_the_pipeline_did(fresh: Repository) -> None:
    root = fresh.root
    lay_over(root / "params.yaml", {"export": {"models": ["custom_cnn"]}})
    assert {"list_models", "export@custom_cnn"} <= {*stages_run(fresh.dvc("repro"))}
    metrics = json.loads((root / "metrics/custom_cnn/export.json").read_text())
    assert (metrics["split"], metrics["agreement_at_1"], metrics["agreement_at_64"]) == ("test", 1, 1)

    every = read_predictions(root / "data/predictions/custom_cnn.csv")
    test = every.with_metadata(read_metadata(root / "data/metadata.csv")).select("test")
    files = [f"data/raw/synthetic/{file}" for file in test.images.file]
    exported = "data/exports/custom_cnn/model.onnx"
    fresh.run("lesions", "predict", *files, "--model", exported, "--output", "answers.csv")
    answers = pd.read_csv(root / "answers.csv")
    assert answers.file.tolist() == files
    found = answers[[f"prob_{name}" for name in test.classes]].to_numpy()
    assert found == pytest.approx(test.y_prob, abs=1e-5)
    assert answers.diagnosis.tolist() == np.array(test.classes)[test.y_pred].tolist()
    sets = build_sets(test, calibrate_sets(every.select("val"), 0.9))
    assert answers.prediction_set.fillna("").tolist() == [
        "|".join(name for name, is_in in zip(test.classes, row, strict=True) if is_in) for row in sets
    ]

    assert stages_run(fresh.dvc("repro")) == []
    lay_over(root / "params.yaml", {"export": {"models": []}})
    output = fresh.dvc("repro")
    assert "removed the files of custom_cnn, which is not in export.models or export.ensembles of " in output
    assert not (root / exported).exists()
