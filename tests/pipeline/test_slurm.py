"""The pipeline as a job of a real Slurm on this machine: preempted, queued again, and pushed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lesions.formats.sha256 import hash_file
from tests.builders import ROOT
from tests.repository import Repository
from tests.slurm_cluster import Cluster, wait_until
from tests.stores import set_remote
from tests.train_stage import set_hardware

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

JOB = str(ROOT / "deploy/slurm.sbatch")
CHECKPOINT = "data/checkpoints/custom_cnn.safetensors"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("slurm"))
    cluster.start()
    yield cluster
    cluster.close()


def prepare(fresh: Repository, remote: Path, *, num_epochs: int) -> Repository:
    """Give the tiny repository a remote, and one model, whose longer training in two processes is next.

    The tests share a run cache, so that each needs another number of epochs.
    """
    set_remote(fresh, str(remote))
    set_hardware(fresh, num_processes=2)
    params = fresh.root / "params.yaml"
    text = params.read_text()
    text = text.replace("models: [custom_cnn, resnet18]", "models: [custom_cnn]")
    text, found = re.subn(r"(custom_cnn:.*?num_epochs: )2\b", rf"\g<1>{num_epochs}", text, count=1, flags=re.DOTALL)
    text, again = re.subn(r"(patience_epochs: )\d+", rf"\g<1>{num_epochs}", text)
    assert (found, again) == (1, 1)
    params.write_text(text)
    fresh.commit("Train longer")
    return fresh


def submit(cluster: Cluster, project: Repository) -> tuple[str, Path]:
    """Submit the job; return its number, and the file of what it prints."""
    command = ("sbatch", "--parsable", "--partition", "low", JOB)
    job = project.run(*command, SLURM_CONF=str(cluster.configuration)).stdout.strip()
    return job, project.root / f"slurm-{job}.out"


def wait_for_words(log: Path, pattern: str) -> None:
    """Wait until a job has printed what matches a pattern."""
    wait_until(lambda: log.exists() and re.search(pattern, log.read_text()) is not None, f"{pattern} in {log}", 900)


def start_again(cluster: Cluster, job: str) -> None:
    """Let a job start that was queued again, which Slurm would delay for two minutes; at once, slurmd refuses it."""
    cluster.wait_for(job, "PENDING", seconds=120)
    cluster.call("scontrol", "update", f"JobId={job}", "StartTime=now+20")


def test_a_preempted_job_ends_with_the_same_bits_and_another_clone_pulls_them(
    cluster: Cluster, fresh: Repository, tmp_path: Path
) -> None:
    project = prepare(fresh, tmp_path / "remote", num_epochs=200)
    job, log = submit(cluster, project)
    wait_for_words(log, "epoch   5")
    # Another job needs the node: Slurm sends SIGTERM to all processes, and queues the job again.
    cluster.call("sbatch", "--partition", "high", "--ntasks", "2", "--output", "/dev/null", "--wrap", "true")
    wait_for_words(log, "DUE TO PREEMPTION")
    start_again(cluster, job)
    wait_for_words(log, "epoch  50")
    # As before the end of its time: only the shell of the job gets SIGTERM, and the job has itself queued again.
    cluster.call("scancel", "--batch", "--signal", "TERM", job)
    start_again(cluster, job)
    cluster.wait_for(job, "COMPLETED", "FAILED", "CANCELLED", seconds=1800)
    printed = log.read_text()
    assert cluster.describe(job)["JobState"] == "COMPLETED", printed
    assert cluster.describe(job)["Restarts"] == "2"
    assert len(re.findall("resuming after epoch", printed)) == 2
    assert "had been killed" not in printed  # DVC released its locks

    locked, trained = (project.root / "dvc.lock").read_bytes(), hash_file(project.root / CHECKPOINT)
    project.dvc("repro", "--force", "--single-item", "train@custom_cnn")
    assert hash_file(project.root / CHECKPOINT) == trained
    assert (project.root / "dvc.lock").read_bytes() == locked

    project.commit("Train as a job")
    there = Repository(tmp_path / "there")
    project.run("git", "clone", "--quiet", str(project.root), str(there.root))
    there.dvc("config", "--local", "core.site_cache_dir", str(tmp_path / "site"))
    there.dvc("pull", "--quiet")
    assert hash_file(there.root / CHECKPOINT) == trained
    assert there.dvc("status").strip() == "Data and pipelines are up to date."


def test_a_cancelled_job_is_not_queued_again_and_leaves_no_lock(
    cluster: Cluster, fresh: Repository, tmp_path: Path
) -> None:
    project = prepare(fresh, tmp_path / "remote", num_epochs=150)
    job, log = submit(cluster, project)
    wait_for_words(log, "epoch   1")
    cluster.call("scancel", job)
    cluster.wait_for(job, "CANCELLED", "PENDING", seconds=120)
    assert cluster.describe(job)["JobState"] == "CANCELLED"
    printed = project.dvc("repro", "train@custom_cnn")
    assert "resuming after epoch" in printed
    assert "had been killed" not in printed
