"""Models have readable names, which stay different from each other."""

from pathlib import Path

import pytest

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.interval import Difference, Estimate
from lesions.evaluation.references import label_model, name_network
from lesions.report.names import list_reported, rename_models, rename_rows

FOLDERS = (Path("data"), Path("metrics"), Path("plots"))


@pytest.mark.parametrize(
    ("code_name", "name"),
    [
        ("resnet18", "ResNet-18"),
        ("custom_cnn", "Custom CNN"),
        ("resnet50_focal", "ResNet-50 focal"),
        ("mobilenet_v2", "MobileNet v2"),
        ("a_vit", "A ViT"),
        ("clinic7", "clinic7"),
        ("_cnn_", "CNN"),
    ],
)
def test_known_families_are_written_as_in_papers(code_name: str, name: str) -> None:
    assert name_network(code_name) == name


def test_names_that_would_read_alike_stay_code_names() -> None:
    assert [one.name for one in list_reported(["resnet18", "custom_cnn"], *FOLDERS)] == ["ResNet-18", "Custom CNN"]
    alike = list_reported(["resnet18", "resnet18_"], *FOLDERS)
    assert [one.name for one in alike] == ["resnet18", "resnet18_"]


def test_baselines_have_short_words_on_axes() -> None:
    assert [label_model(name) for name in ("class_prior", "resnet18_features", "net")] == [
        "class frequencies",
        "ResNet-18 features",
        "net",
    ]


def test_a_comparison_and_its_rows_have_the_names_to_show_and_baselines_theirs() -> None:
    models = list_reported(["resnet18"], *FOLDERS)
    difference = Difference(0.1, 0.0, 0.2, 0.5, 0.5)
    renamed = rename_models(
        Comparison(
            {("resnet18", "accuracy"): Estimate(0.5, 0.4, 0.6), ("class_prior", "accuracy"): Estimate(0.4, 0.3, 0.5)},
            {("resnet18", "class_prior", "accuracy"): difference},
            {("resnet18", "accuracy"): 0.55},
        ),
        models,
    )
    assert renamed.models == ["ResNet-18", "class_prior"]
    assert renamed.subtract("ResNet-18", "class_prior", "accuracy") == difference
    assert renamed.on_validation == {("ResNet-18", "accuracy"): 0.55}
    rows = rename_rows([{"model": "resnet18", "f1": 1}, {"model": "class_prior", "f1": 0}], models)
    assert rows == [{"model": "ResNet-18", "f1": 1}, {"model": "class_prior", "f1": 0}]
