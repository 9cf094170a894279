"""Test that docs/own-data.md works as written, with a table that is not HAM10000's."""

import json
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from lesions.parameters.overlay import lay_over
from tests.builders import ROOT
from tests.documents import Document
from tests.repository import Repository, copy_repository

WORDS = {
    "akiec": "actinic keratosis",
    "bcc": "basal cell carcinoma",
    "bkl": "benign keratosis",
    "df": "dermatofibroma",
    "mel": "melanoma",
    "nv": "naevus",
    "vasc": "haemangioma",
}


def write_clinic(repository: Repository) -> None:
    """Write the embedded images and their table in the layout of the document."""
    repository.dvc("repro", "generate_synthetic")
    synthetic, clinic = repository.root / "data/raw/synthetic", repository.root / "data/raw/clinic"
    (clinic / "photos").mkdir(parents=True)
    table = pd.read_csv(synthetic / "HAM10000_metadata.csv", dtype=str, keep_default_na=False)
    for path in synthetic.rglob("*.jpg"):
        (clinic / "photos" / path.name).write_bytes(path.read_bytes())
    findings = pd.DataFrame(
        {
            "photo": "photos/" + table.image_id + ".jpg",
            "patient": table.patient_id,
            "finding": table.dx.map(WORDS),
            "age": table.age.replace("unknown", "?"),
            "gender": table.sex.map({"female": "f", "male": "m"}).fillna(""),
            "where": table.localization,
        }
    )
    findings.loc[3, "finding"] = "wart"
    findings.to_csv(clinic / "findings.csv", index=False)


@pytest.mark.slow
def test_a_clinics_own_table_runs_from_the_check_to_the_report(tmp_path: Path) -> None:
    document = Document(ROOT / "docs/own-data.md")
    repository = copy_repository(tmp_path)
    write_clinic(repository)
    (parameters,) = document.blocks("yaml")
    lay_over(repository.root / "params.yaml", YAML(typ="safe").load(parameters) | {"models": ["custom_cnn"]})
    commands = document.commands()
    assert ["dvc", "add", "data/raw/clinic"] in commands
    printed = ""
    for command in commands:
        # `lesions` on the path belongs to the tested repository, not to the copy.
        if command[0] == "lesions":
            command = ["python", "-c", "from lesions.command_line.app import app; app()", *command[1:]]
        printed += repository.run(*command).stdout
    rejected = pd.read_csv(repository.root / "data/rejected.csv")
    assert rejected[["line", "column", "value"]].to_numpy().tolist() == [[5, "finding", "wart"]]
    assert "is unknown; known are naevus, haemangioma, actinic_keratosis" in rejected.reason[0]
    assert "no image is left of the diagnosis 'wart', which is in 1 rows" in printed
    assert json.loads((repository.root / "metrics/data.json").read_text())["num_images"] == 149
    assert json.loads((repository.root / "metrics/split.json").read_text())["grouped_by"] == "patient_id"
    assert (repository.root / "data/raw/clinic.dvc").is_file()
    assert (repository.root / "report/index.html").is_file()
    assert list((repository.root / "data/raw/synthetic").iterdir()) == []
    # The last command changed the committed parameters to those of a preset.
    changed = repository.run("git", "diff", "params.yaml").stdout
    assert "+  size_px: 166" in changed
    assert "names: [csv]" not in changed
    repository.run("git", "checkout", "--", "params.yaml")
    assert "Data and pipelines are up to date." in repository.dvc("repro")
