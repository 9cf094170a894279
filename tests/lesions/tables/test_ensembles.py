"""Test the table of an ensemble's members."""

from pathlib import Path

from lesions.tables.ensembles import Ensemble, read_ensemble, write_ensemble
from lesions.tables.imported import Origin


def test_an_ensemble_states_where_its_imported_members_come_from(tmp_path: Path) -> None:
    ensemble = Ensemble(
        "equal",
        weight={"resnet18": 0.5, "seed1": 0.25, "other": 0.25},
        temperature={"resnet18": 1.0, "seed1": 1.5, "other": 2.0},
        prior_shift={"melanoma": 0.0, "nevus": 0.0},
        imported={
            "seed1": Origin("0123456789" * 4, "resnet18", "cc-by-nc-4.0"),
            "other": Origin("a" * 40, "custom_cnn", None),
        },
    )
    assert str(ensemble) == (
        "an ensemble of resnet18 (0.50), seed1 (0.25), other (0.25), with equal weights; seed1 is resnet18 of commit "
        "0123456, trained from weights under the licence cc-by-nc-4.0; other is custom_cnn of commit aaaaaaa"
    )
    write_ensemble(tmp_path / "ensemble.json", ensemble)
    assert read_ensemble(tmp_path / "ensemble.json") == ensemble
