"""docs/experiments.md: every command in it runs, in its order, and does what the text says."""

import re
import shlex
from pathlib import Path

import pytest

from tests.builders import ROOT
from tests.documents import Document
from tests.repository import Repository, read_plot_specs

# All commands run in the fixture of the first test, and take minutes.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

COMMANDS = Document(ROOT / "docs/experiments.md").commands()
FOLDS = slice(
    next(number for number, command in enumerate(COMMANDS) if "split.num_folds=3" in command),
    COMMANDS.index(["lesions", "folds"]) + 1,
)
"""The commands that run the whole pipeline once a fold."""


@pytest.fixture(scope="module")
def printed(tiny: Repository, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command of the document printed, but for those of folds."""
    clone = tiny.clone(tmp_path_factory.mktemp("experiments") / "clone")
    clone.dvc("checkout", "--quiet")
    params = clone.root / "params.yaml"
    # Floors that the tiny preset reaches; one diagnosis more or less is a large step in its few test images.
    params.write_text(re.sub(r"floor: [\d.]+, largest_drop: [\d.]+", "floor: 0, largest_drop: 1", params.read_text()))
    clone.commit("Loosen the gate")
    output = {}
    for command in (*COMMANDS[: FOLDS.start], *COMMANDS[FOLDS.stop :]):
        output[shlex.join(command)] = clone.run(*command, COLUMNS="100").stdout
        if command[:3] == ["dvc", "plots", "diff"]:
            page = (clone.root / "dvc_plots/index.html").read_text()
            output["plots"] = page
    return output


def output_of(printed: dict[str, str], start: str) -> str:
    """What the only command that starts like this printed."""
    (found,) = [text for command, text in printed.items() if command.startswith(start)]
    return found


def test_the_document_has_a_command_of_each_kind() -> None:
    starts = {" ".join(command[:3]) for command in COMMANDS if command[0] == "dvc"}
    assert {
        "dvc exp run",
        "dvc exp show",
        "dvc exp diff",
        "dvc exp apply",
        "dvc exp branch",
        "dvc metrics diff",
        "dvc plots diff",
    } <= starts
    assert [command for command in COMMANDS if "--queue" in command and any("range(" in part for part in command)]
    assert [command for command in COMMANDS if "--temp" in command]


def test_a_change_reruns_only_the_stages_that_depend_on_it(printed: dict[str, str]) -> None:
    text = output_of(printed, "dvc exp run --name slower")
    assert "Running stage 'train@custom_cnn'" in text
    assert "Stage 'train@resnet18' didn't change, skipping" in text
    assert "Ran experiment(s): slower" in text


def test_the_queue_runs_one_experiment_per_value(printed: dict[str, str]) -> None:
    text = output_of(printed, "dvc exp run --queue --name seed")
    assert "Queued experiment 'seed-1'" in text
    assert "Queued experiment 'seed-2'" in text
    assert "removed the files of resnet18, which is not in models or ensembles of params.yaml" in output_of(
        printed, "dvc exp run --run-all"
    )


def test_an_experiment_in_a_temporary_folder_does_not_change_the_workspace(printed: dict[str, str]) -> None:
    assert "Ran experiment(s): flat" in output_of(printed, "dvc exp run --temp")
    assert "have been applied to your workspace" not in output_of(printed, "dvc exp run --temp")


def test_the_tables_list_every_experiment_and_fit_on_a_screen(printed: dict[str, str]) -> None:
    shown = [text for command, text in printed.items() if command.startswith("dvc exp show")]
    assert len(shown) == 2
    for text in shown:
        assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
        for name in ("main", "slower", "seed-1", "seed-2", "flat"):
            assert name in text


def test_differences_name_the_changed_parameters_and_metrics(printed: dict[str, str]) -> None:
    text = output_of(printed, "dvc exp diff seed-1 flat")
    assert re.search(r"training\.seed +1 +0 +-1", text)
    assert re.search(r"class_weights\.scheme +balanced +none", text)
    text = output_of(printed, "dvc metrics diff main slower")
    assert re.search(r"metrics/custom_cnn/test\.json +macro_roc_auc +[\d.]+ +[\d.]+ +-?[\d.]+", text)


def test_plots_of_two_experiments_are_in_one_picture(printed: dict[str, str]) -> None:
    specs = read_plot_specs(printed["plots"])
    assert len(specs) == 3
    for spec in specs:
        assert {row["rev"] for row in spec["data"]["values"]} == {"main", "slower"}


def test_all_plots_of_two_experiments_are_on_one_page(printed: dict[str, str]) -> None:
    text = output_of(printed, "lesions plots main slower")
    assert re.search(r"^report/plots.html: \d\d plots, main → slower$", text, re.MULTILINE)
    assert "does not have" not in text


def test_seeds_are_trained_once_and_compared(printed: dict[str, str]) -> None:
    text = output_of(printed, "lesions repeat")
    assert "training the seeds 0, 1; 0 exist already" in text
    assert re.search(r"balanced accuracy +0\.\d{3} +0\.\d{3} to [01]\.\d{3} +0\.\d{3} to 0\.\d{3}", text)
    assert re.search(r"(custom_cnn|resnet18).*by 0\.\d{3} balanced accuracy", text)


def test_folds_are_pooled(tiny: Repository, tmp_path: Path) -> None:
    clone = tiny.clone(tmp_path / "clone")
    clone.dvc("checkout", "--quiet")
    earlier = clone.root / "data/folds/removed_model.csv"
    earlier.parent.mkdir()
    earlier.write_text("of earlier folds")
    queued, _, text = (clone.run(*command, COLUMNS="100").stdout for command in COMMANDS[FOLDS])
    assert "Queued experiment 'fold-3'" in queued
    num_images = len((tiny.root / "data/metadata.csv").read_text().splitlines()) - 1
    assert re.search(rf"^{num_images} images of \d+ groups, each tested by one of 3 folds", text, re.MULTILINE)
    assert re.search(r"balanced accuracy +0\.\d{3} +0\.\d{3} to [01]\.\d{3} +0\.\d{3} \(0\.\d{3} to 0\.\d{3}\)", text)
    said = "data/folds/removed_model.csv is not of these folds: it was there before, and was not written again"
    assert text.splitlines().count(said) == 1
    assert earlier.read_text() == "of earlier folds"


def test_an_experiment_can_be_applied_gated_and_branched(printed: dict[str, str]) -> None:
    assert "Changes for experiment 'slower' have been applied" in output_of(printed, "dvc exp apply slower")
    gate = [text for command, text in printed.items() if command.startswith("lesions gate")]
    assert len(gate) == 2
    assert all("passed" in text for text in gate)
    assert "Git branch 'try-slower' has been created from experiment 'slower'" in output_of(printed, "dvc exp branch")


def test_the_pictures_of_the_document_exist() -> None:
    text = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
    assert "@@" not in text
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert len(pictures) >= 2
    assert all((ROOT / "docs" / Path(picture)).stat().st_size > 10_000 for picture in pictures)
