"""`lesions search` on the pipeline itself."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.repository import Repository

pytest.importorskip("optuna")

SPACE = """
search: {study: rates, model: custom_cnn, trials: 2, objectives: [balanced_accuracy, num_parameters]}
parameters:
  architectures.custom_cnn.learning_rate: {low: 0.001, high: 0.03, log: true}
  architectures.custom_cnn: {choices: [{widths: [8, 16]}, {widths: [8, 8], dropout: 0.1}]}
"""


@pytest.mark.slow
def test_a_search_is_stopped_goes_on_and_reports(fresh: Repository) -> None:
    space = fresh.root / "rates.yaml"
    space.write_text(SPACE)
    wrong = fresh.run("lesions", "search", "rates.yaml", "--report", check=False)
    assert (wrong.returncode, wrong.stdout) == (
        1,
        "error: sqlite:///.search/rates.db: there is no study yet; `lesions search SPACE.yaml` begins one\n",
    )
    process = subprocess.Popen(["lesions", "search", "rates.yaml"], cwd=fresh.root, stderr=subprocess.PIPE, text=True)
    while not list((fresh.root / ".search").glob("rates-0/log.txt")):
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == "stopped by SIGINT; no partial file is left; run the same command again\n"
    assert fresh.run("git", "status", "--porcelain").stdout == "?? rates.yaml\n"
    printed = fresh.run("lesions", "search", "rates.yaml").stdout
    assert "rates-1: learning_rate" in printed  # rates-0, asked again
    assert "rates-default" not in printed
    assert printed.endswith("2 trials have ended; `lesions search rates.yaml --report` says what they show\n")
    assert {*fresh.dvc("exp", "list", "--name-only").split()} == {"rates-default-0", "rates-1", "rates-2"}
    sentences = fresh.run("lesions", "search", "rates.yaml", "--report").stdout
    assert "rates has 2 of 2 trials: 2 ran to their ends, 1 stopped and asked again." in sentences
    assert "rates-default-0" in sentences
    assert "after Bonferroni for 2 trials" in sentences
    test_scores = fresh.run("git", "show", f"{fresh.find_experiment('rates-1')}:metrics/custom_cnn/test.json").stdout
    assert '"sealed": true' in test_scores
    assert "Nothing" not in fresh.run("lesions", "compare", "rates-default-0:custom_cnn", "rates-1:custom_cnn").stdout
    assert not list(Path(fresh.root, ".dvc/tmp/exps/standalone").glob("tmp*"))
