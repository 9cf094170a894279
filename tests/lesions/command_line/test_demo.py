"""`lesions demo` serves the model that is best on validation, exported for the moment if it has to be."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from lesions.command_line.demo import find_best
from lesions.errors import InputError
from tests.repository import Repository
from tests.services import PROGRAM


@pytest.mark.slow
def test_the_best_model_is_exported_and_served_and_the_run_stays_as_it_is(copy: Repository) -> None:
    best = json.loads((copy.root / "metrics/comparison.json").read_text())["best"]
    demo = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "demo", "--port", "0", "--no-browser"],
        cwd=copy.root,
        env={**os.environ, "PYTHONPATH": str(copy.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert demo.stdout is not None
        printed: list[str] = []
        while not printed or " at http" not in printed[-1]:
            printed.append(demo.stdout.readline())
            assert printed[-1], demo.communicate()[1]
        assert printed[0] == f"exporting {best}, which is not in export.models or export.ensembles\n"
        name, _, address = printed[-1].partition(", the best on validation, at ")
        assert name.startswith(f"{best}@")
        address = address.partition(";")[0]
        with urllib.request.urlopen(address, timeout=60) as page:  # noqa: S310, this machine
            assert b"<title>" in page.read()
        with urllib.request.urlopen(f"{address}model", timeout=60) as about:  # noqa: S310, this machine
            assert json.loads(about.read())["id"] == name
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=60)
    assert demo.returncode == 0
    assert not (copy.root / "data/exports").exists()
    assert not (copy.root / f"metrics/{best}/export.json").exists()


def test_without_a_comparison_there_is_no_best_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"there is no metrics/comparison.json; `dvc repro` makes it"):
        find_best()
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/comparison.json").write_text('{"best": "../other"}')
    with pytest.raises(InputError, match=r"comparison.json: best: expected the name of a model, got ../other"):
        find_best()
