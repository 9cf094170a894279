"""Each different prediction of the same test images is a look at them, wherever git has it."""

from pathlib import Path

import pytest

from lesions.experiments.looks import Looks, count_looks
from tests.gating import predict, write_model, write_split
from tests.repository import Repository


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose only commit scored one model."""
    made = Repository(tmp_path / "made")
    made.root.mkdir()
    made.run("git", "init", "--quiet", "--initial-branch", "main")
    made.set_identity()
    write_split(made.root)
    write_model(made.root, "small", predict(1.0))
    made.commit("Score a model")
    monkeypatch.chdir(made.root)
    return made


def test_one_prediction_is_one_look(repository: Repository) -> None:
    assert count_looks() == Looks(num_predictions=1, num_commits=1, is_whole=True)


def test_the_workspace_counts_before_it_is_committed(repository: Repository) -> None:
    write_model(repository.root, "small", predict(1.1))
    write_model(repository.root, "large", predict(1.2))
    assert count_looks() == Looks(num_predictions=3, num_commits=1, is_whole=True)


def test_the_same_predictions_are_one_look_in_any_commit_and_of_any_model(repository: Repository) -> None:
    write_model(repository.root, "copy", predict(1.0))
    repository.commit("Score it again")
    assert count_looks() == Looks(num_predictions=1, num_commits=2, is_whole=True)


def test_branches_tags_and_experiments_count_as_the_history_does(repository: Repository) -> None:
    for number, reference in enumerate(("refs/heads/other", "refs/tags/v1", "refs/exps/ab/cdef/brave-fox"), start=2):
        write_model(repository.root, "small", predict(1.0, seed=number))
        repository.commit("Try another")
        repository.run("git", "update-ref", reference, "HEAD")
        repository.run("git", "reset", "--quiet", "--hard", "HEAD~1")
        assert count_looks() == Looks(num_predictions=number, num_commits=number, is_whole=True)


def test_predictions_of_other_test_images_are_no_look_at_these(repository: Repository) -> None:
    write_split(repository.root, "cd" * 32)
    write_model(repository.root, "small", predict(2.0))
    repository.commit("Split anew")
    assert count_looks().num_predictions == 1
    write_split(repository.root)
    assert count_looks().num_predictions == 2


def test_a_project_in_a_subfolder_is_counted(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    write_split(repository.root / "ml/skin")
    write_model(repository.root / "ml/skin", "small", predict(3.0))
    repository.commit("Add a project below")
    monkeypatch.chdir(repository.root / "ml/skin")
    assert count_looks() == Looks(num_predictions=1, num_commits=1, is_whole=True)


def test_a_shallow_clone_says_that_it_does_not_know_all(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(repository.root, "small", predict(1.1))
    repository.commit("Score another")
    repository.run("git", "clone", "--quiet", "--depth", "1", repository.root.as_uri(), str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")
    assert count_looks() == Looks(num_predictions=1, num_commits=1, is_whole=False)


def test_a_file_that_no_run_wrote_is_passed_over(repository: Repository) -> None:
    digest = repository.root / "metrics/small/digest.json"
    good = digest.read_text()
    digest.write_text("<<<<<<< HEAD\n")
    repository.commit("Forget to merge")
    digest.write_text("[" * 100_000)
    repository.commit("Fill the memory")
    digest.write_text(good)
    assert count_looks() == Looks(num_predictions=1, num_commits=1, is_whole=True)


def test_sealed_predictions_are_no_look(repository: Repository) -> None:
    (repository.root / "metrics/small/digest.json").write_text('{"schema": 1, "sealed": true}')
    assert count_looks() == Looks(num_predictions=1, num_commits=1, is_whole=True)
    repository.commit("Seal")
    assert count_looks() == Looks(num_predictions=1, num_commits=1, is_whole=True)
