"""Nothing outside data/ names a patient, a lesion, a group or an image."""

import base64
import re

import pandas as pd

from tests.repository import Repository


def test_no_patient_is_named_outside_data(tiny: Repository) -> None:
    patients = pd.read_csv(tiny.root / "data/metadata.csv").patient_id.unique()
    lesions = pd.read_csv(tiny.root / "data/metadata.csv").lesion_id.unique()
    public = b"".join(tiny.tracked_outputs().values())
    public += b"".join(path.read_bytes() for path in (tiny.root / "data/checkpoints").iterdir())
    assert not [name for name in (*patients, *lesions) if name.encode() in public]


def test_the_report_names_no_patient_lesion_group_or_image(tiny: Repository) -> None:
    table = pd.read_csv(tiny.root / "data/metadata.csv").merge(pd.read_csv(tiny.root / "data/splits.csv"))
    page = (tiny.root / "report/index.html").read_text(encoding="utf-8")
    embedded = re.findall(r"data:(image/[a-z+]+);base64,([A-Za-z0-9+/=]+)", page)
    assert {kind for kind, _ in embedded} == {"image/svg+xml", "image/webp"}
    drawings = [base64.b64decode(content).decode() for kind, content in embedded if kind == "image/svg+xml"]
    assert any("melanoma" in drawing for drawing in drawings)
    others = [path.read_text() for path in (tiny.root / "report").rglob("*.md")]
    assert len(others) == 3
    words = "\n".join([re.sub(r"base64,[A-Za-z0-9+/=]+", "", page), *drawings, *others])
    for identifier in ("patient_id", "lesion_id", "group_id", "image_id", "file"):
        assert not [name for name in table[identifier].unique() if name in words], identifier
