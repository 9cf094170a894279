"""A model is released whole, or nothing is changed and every reason is said."""

import json
import os
import re
import signal
import subprocess
from hashlib import md5, sha256
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.registry.manifest import read_release
from lesions.registry.signing import verify_manifest
from lesions.registry.tags import Artifact
from lesions.release.release import choose_address
from tests.builders import slow
from tests.gating import RULES, predict, write_model, write_split
from tests.released_project import DEFINITIONS, MODEL, PARAMETERS, Project
from tests.repository import build_environment
from tests.signers import allow, make_key, needs_ssh_keygen

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # of what DVC calls

FOLDER = f"releases/{MODEL}/1.0.0"
TAG = f"{MODEL}@v1.0.0"


def refuse(project: Project, version: str = "1.0.0", **options: object) -> list[str]:
    """Return the reasons of a release that is refused, after which nothing is changed."""
    before = project.state()
    with pytest.raises(InputError) as refused:
        project.release(version, **options)
    assert project.state() == before
    headline, *reasons = str(refused.value).split("\n")
    assert headline == f"{MODEL}@{version} is not released, because of {sum(line[0] != ' ' for line in reasons)}:"
    return reasons


def test_a_release_is_a_commit_with_its_tag_card_and_manifest(project: Project) -> None:
    made_of = project.run("git", "rev-parse", "HEAD").stdout.strip()
    released = project.release("1.0.0")
    assert released.push == f"git push --atomic origin HEAD:refs/heads/main 'refs/tags/{TAG}'"
    assert released.earlier is None
    written = (project.root / FOLDER / "manifest.json").read_bytes()
    assert read_release(written, Artifact(MODEL), "1.0.0", source="") == released.manifest
    exported = (project.root / f"data/exports/{MODEL}/model.onnx").read_bytes()
    stored = Path(released.manifest.address.removeprefix("file://")).read_bytes()
    assert exported == stored
    assert (released.manifest.sha256, released.manifest.size_bytes) == (sha256(stored).hexdigest(), len(stored))
    assert (released.manifest.commit, released.manifest.scores["balanced_accuracy"].high) == (made_of, 0.9)
    card = (project.root / FOLDER / "card.md").read_bytes()
    assert card == (project.root / f"report/cards/{MODEL}.md").read_bytes()
    assert sha256(card).hexdigest() == released.manifest.card_sha256
    of_tag = project.run("git", "rev-parse", f"{TAG}^{{commit}}", "HEAD", f"{TAG}~").stdout.split()
    assert (of_tag[0], of_tag[2]) == (of_tag[1], made_of)
    assert project.run("git", "cat-file", "-t", TAG).stdout == "tag\n"
    assert project.run("git", "show", "--name-only", "--format=%s", "HEAD").stdout.split("\n") == [
        *("Release custom_cnn 1.0.0", "", f"{FOLDER}/card.md", f"{FOLDER}/manifest.json", ""),
    ]
    assert project.run("git", "status", "--porcelain").stdout == ""
    assert project.run("git", "fsck", "--strict", "--no-dangling").stdout == ""
    assert json.loads(project.run("gto", "show", "--json").stdout)[MODEL]["version"] == "v1.0.0"
    project.run("sh", "-c", released.push)
    assert project.release("1.1.0").earlier == TAG


@pytest.mark.slow
def test_a_version_that_is_not_higher_is_refused(project: Project) -> None:
    project.run("sh", "-c", project.release("1.2.0").push)
    for version in ("1.2.0", "1.1.9", "1.2.0-rc.1"):
        assert refuse(project, version) == [f"1. the version {version} is not higher than 1.2.0, which is released"]


def test_every_reason_is_said_at_once(project: Project) -> None:
    (project.root / "dvc.yaml").write_text(json.dumps({"stages": DEFINITIONS["stages"]}))
    about = PARAMETERS["about"] | {"licence": "mit"}
    gate = {"accuracy": RULES["accuracy"] | {"floor": 0.99, "not_worse_by": None}}
    project.write_params(about=about, gate=gate)
    project.write_made(licences={"weights": {MODEL: "unknown"}, "data": {"ham10000": "CC BY-NC 4.0"}})
    figures = json.loads((project.root / f"metrics/{MODEL}/export.json").read_text()) | {
        "largest_difference_at_64": 0.1
    }
    (project.root / f"metrics/{MODEL}/export.json").write_text(json.dumps(figures))
    project.dvc("repro", "--quiet")
    (project.root / "made/more").write_text("x")
    head = project.run("git", "rev-parse", "--short=10", "HEAD").stdout.strip()
    project.run("git", "commit", "--quiet", "--allow-empty", "--message", "Not pushed")
    now = project.run("git", "rev-parse", "--short=10", "HEAD").stdout.strip()
    accuracy = json.loads((project.root / f"metrics/{MODEL}/test.json").read_text())["accuracy"]
    assert refuse(project, address="http://example.org/model.onnx") == [
        "1. the workspace has what is not committed (dvc.lock, dvc.yaml, made/model.onnx, "
        "metrics/custom_cnn/export.json and 2 more)",
        f"2. refs/heads/main on origin is at {head}, and the workspace at {now}: `git push`, or `git pull` what is "
        "there",
        "3. dvc.yaml does not list it under artifacts; add there:",
        "  custom_cnn:",
        "    path: data/exports/custom_cnn/model.onnx",
        "    type: model",
        "    labels: [skin-lesion, image-classification]",
        "    desc: What it is and for whom, in a sentence.",
        "4. dvc.lock is not of these files: `dvc repro` would run export: data (made modified)",
        "5. DVC's remote: data/exports/custom_cnn: missing; `dvc push`",
        "6. DVC's remote: data/exports/custom_cnn/model.onnx: missing; `dvc push`",
        f"7. the gate, by its floors (there is no release yet): accuracy is {accuracy}: below the floor; unchanged",
        "8. metrics/custom_cnn/export.json: largest_difference_at_64 is 0.1, and 1e-05 is the largest difference "
        "that is rounding",
        "9. the licence of the weights of custom_cnn is unknown, so nobody can say that the model may be passed on",
        "10. the licence of the dataset ham10000, CC BY-NC 4.0, asks for non-commercial use, and about.licence in "
        "params.yaml is mit: set it to a licence that says so, such as cc-by-nc-4.0",
        "11. --address: expected https://… or file:///… without a user name, got 'http://example.org/model.onnx'; "
        "--address https://… says where users without DVC get data/exports/custom_cnn/model.onnx",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("sv=2024&se=2026-01-01&sig=x", "sig"),
        ("X-Amz-Algorithm=a&X-Amz-Signature=x", "X-Amz-Signature"),
        ("AWSAccessKeyId=x", "AWSAccessKeyId"),
        ("Expires=1", "Expires"),
        ("GoogleAccessId=x", "GoogleAccessId"),
        ("access_token=", "access_token"),
    ],
)
def test_a_signed_address_is_refused(query: str, name: str) -> None:
    message = f"--address: '{name}' in the address looks like a key or a signature, which anybody could read in the "
    with pytest.raises(InputError, match=f"^{re.escape(message)}manifest, and which may expire; --address https"):
        choose_address(Path("model.onnx"), f"https://example.org/model.onnx?{query}")


@pytest.mark.parametrize("query", ["", "?download=1", "?persistentId=doi:10.7910/DVN/X&version=1", "?design=2"])
def test_a_plain_address_is_kept(query: str) -> None:
    address = f"https://example.org/model.onnx{query}"
    assert choose_address(Path("model.onnx"), address) == address


@pytest.mark.slow
def test_the_gate_compares_with_the_last_release_of_this_model(project: Project) -> None:
    project.run("sh", "-c", project.release("1.0.0").push)
    write_model(project.root, MODEL, predict(0.4))
    project.run_and_push("Get worse")
    for line in (reasons := refuse(project, "1.1.0")):
        assert f"the gate, beside {TAG}: " in line
    assert any("dropped beyond noise, regression" in line for line in reasons)
    write_split(project.root, "cd" * 32)
    project.run_and_push("Take other images")
    assert any("the test images are not those of the base" in line for line in refuse(project, "1.1.0"))


@pytest.mark.slow
def test_a_rule_that_asks_for_evidence_compares_with_the_last_release(project: Project) -> None:
    gate = {"accuracy": RULES["accuracy"] | {"largest_drop": None, "beyond_noise": False, "not_worse_by": 0.001}}
    project.write_params(gate=gate | {"release": f"{MODEL}@v*"})
    project.run_and_push("Ask for evidence")
    project.run("sh", "-c", project.release("1.0.0").push)
    write_model(project.root, MODEL, predict(1.5, seed=1))
    project.run_and_push("Train again")
    assert any("accuracy" in line for line in refuse(project, "1.1.0"))


@pytest.mark.slow
def test_what_was_scored_under_the_seal_is_not_released(project: Project) -> None:
    project.write_made(scores={}, num_test_images=0, num_test_groups=0)
    project.run_and_push("Seal")
    assert refuse(project) == [
        f"1. data/exports/{MODEL}/model.onnx: was exported while the test images were sealed, so that it has no "
        "scores"
    ]


@pytest.mark.slow
def test_the_file_of_another_model_is_not_released(project: Project) -> None:
    project.write_made(model="resnet18")
    project.run_and_push("Mix up")
    assert refuse(project) == ["1. data/exports/custom_cnn/model.onnx: is the file of resnet18"]


def test_what_is_not_exported_is_refused_first(project: Project) -> None:
    project.write_params(export=PARAMETERS["export"] | {"models": []})
    with pytest.raises(
        InputError, match=r"^custom_cnn is not exported; params\.yaml exports nothing \(export\.models"
    ):
        project.release("1.0.0")


@pytest.mark.slow
def test_a_release_of_somebody_else_is_seen(project: Project) -> None:
    other = Project(project.root.parent / "other")
    project.run("git", "clone", "--quiet", "../origin.git", "../other")
    other.set_identity()
    other.run("git", "tag", "--annotate", "--message", "x", TAG)
    other.run("git", "push", "--quiet", "origin", TAG)
    assert refuse(project) == [f"1. origin has tags that are not here ({TAG}): `git fetch --tags`"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (
            ("git", "checkout", "--quiet", "--detach"),
            "no branch is checked out, to which the release could be added: ",
        ),
        slow(
            ("git", "branch", "--unset-upstream"),
            "the branch main is pushed nowhere: `git push --set-upstream origin",
        ),
        slow(
            ("git", "remote", "set-url", "origin", "../none"), "git ls-remote: fatal: '../none' does not appear to be"
        ),
    ],
)
def test_without_a_remote_nothing_is_released(project: Project, command: tuple[str, ...], reason: str) -> None:
    project.run(*command)
    assert refuse(project)[0].startswith(f"1. {reason}")


def test_a_file_that_the_store_lacks_is_seen_although_it_has_the_list_of_its_folder(project: Project) -> None:
    exported = project.root / f"data/exports/{MODEL}/model.onnx"
    name = md5(exported.read_bytes(), usedforsecurity=False).hexdigest()
    store = project.root.with_name("store")
    (store / "files/md5" / name[:2] / name[2:]).unlink()
    assert refuse(project) == [f"1. DVC's remote: data/exports/{MODEL}/model.onnx: missing; `lesions storage --mend`"]


@pytest.mark.slow
def test_without_a_dvc_remote_it_is_said_that_there_is_none(project: Project) -> None:
    project.dvc("remote", "remove", "store")
    project.commit("Remove the store")
    project.run("git", "push", "--quiet")
    assert refuse(project) == [
        "1. the project has no default remote: `lesions storage --add URL` adds one (docs/storage.md), and "
        "`lesions storage --remote NAME` takes another"
    ]


@pytest.mark.parametrize("fails", [slow("tag"), "hook", slow("lock")])
def test_a_failure_at_the_end_leaves_nothing_half(project: Project, fails: str) -> None:
    if fails == "tag":
        project.run("git", "tag", TAG)  # not annotated, so that it is no release
    elif fails == "hook":
        write_hook(project, "exit 1")
    else:
        (project.root / ".git/index.lock").touch()  # as another git leaves it that runs, or was killed
    before = project.state()
    with pytest.raises(InputError, match=r"^git (update-ref|read-tree): "):
        project.release("1.0.0")
    assert project.state() == before
    assert not (project.root / FOLDER).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, slow(signal.SIGTERM)])
def test_a_signal_in_the_middle_changes_nothing(project: Project, number: signal.Signals) -> None:
    write_hook(project, f"kill -{number.value} -- -$(cut -d' ' -f4 /proc/$PPID/stat); exit 0")
    command = ["lesions", "release", MODEL, "--version", "1.0.0"]
    environment = build_environment()
    done = subprocess.run(
        command, cwd=project.root, env=environment, capture_output=True, check=False, process_group=0
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert project.run("git", "rev-parse", f"{TAG}^{{}}").stdout == project.run("git", "rev-parse", "HEAD").stdout
    assert project.run("git", "status", "--porcelain").stdout == ""
    assert (project.root / FOLDER / "manifest.json").is_file()


@pytest.mark.slow
def test_a_signal_before_leaves_nothing(project: Project) -> None:
    before = project.state()
    command = ["lesions", "release", MODEL, "--version", "1.0.0"]
    started = subprocess.Popen(command, cwd=project.root, env=build_environment(), stderr=subprocess.PIPE)
    os.kill(started.pid, signal.SIGINT)
    started.communicate()
    assert started.returncode != 0
    assert project.state() == before


def write_hook(project: Project, script: str) -> None:
    """Write the hook that git calls before it changes references."""
    hook = project.root / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


@pytest.mark.slow
@needs_ssh_keygen
def test_a_manifest_is_signed(project: Project, tmp_path: Path) -> None:
    key = make_key(tmp_path / "key")
    project.release("1.0.0", key=key)
    manifest, signature = (
        (project.root / FOLDER / name).read_bytes() for name in ("manifest.json", "manifest.json.sig")
    )
    assert verify_manifest(manifest, signature, allow(tmp_path, key)) == "me@example.org"


@pytest.mark.slow
def test_an_address_is_given(project: Project) -> None:
    address = "https://github.com/clinic/skin/releases/download/custom_cnn@v1.0.0/model.onnx"
    assert project.release("1.0.0", address=address).manifest.address == address
