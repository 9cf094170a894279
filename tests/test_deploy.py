"""The files in deploy/, which nothing here can build or run, say what the project has and does."""

import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.command_line.lazy import COMMANDS
from tests.builders import ROOT

DEPLOY = ROOT / "deploy"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
DOCKERFILES = ("Dockerfile.serve", "Dockerfile.train")
UNIT = (DEPLOY / "lesions.service").read_text()
DEPLOYMENT, SERVICE = YAML(typ="safe").load_all(DEPLOY / "kubernetes.yaml")
POD: dict[str, Any] = DEPLOYMENT["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]

needs_serve = pytest.mark.skipif("serve" not in COMMANDS, reason="this version has no command `lesions serve`")


TRAINING = "dvc repro --pull && dvc push --run-cache && lesions storage --runs --mend"
_, JOB = YAML(typ="safe").load_all(DEPLOY / "kubernetes-train.yaml")
CLOUD = YAML(typ="safe").load(DEPLOY / "skypilot.yaml")


def read_instructions(name: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile with what follows them, lines joined and without comments."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / name).read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def find(name: str, instruction: str) -> list[str]:
    return [rest for each, rest in read_instructions(name) if each == instruction]


def find_arguments(name: str) -> dict[str, str]:
    return dict(rest.split("=", 1) for rest in find(name, "ARG"))


def check_command(words: list[str]) -> None:
    """Assert that a command line of `lesions` is of a command that there is, with options that it has."""
    program, command, *rest = words
    assert (Path(program).name, command in COMMANDS) == ("lesions", True)
    shown = CliRunner().invoke(commands, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    for word in rest:
        assert not word.startswith("--") or re.search(rf"{word}\b", shown), word


def entrypoint() -> list[str]:
    (line,) = find("Dockerfile.serve", "ENTRYPOINT")
    words: list[str] = json.loads(line)
    return words


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_an_image_copies_is_in_git_and_in_the_context_of_the_build(name: str) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    ignored = (DEPLOY / f"{name}.dockerignore").read_text().splitlines()
    copied = [word for line in find(name, "COPY") if "--from=" not in line for word in line.split()[:-1]]
    sources = [word for word in copied if not word.startswith(("--", "${"))]
    assert len(sources) >= 5
    for source in sources:
        assert any(file.startswith(source) if source.endswith("/") else file == source for file in tracked), source
        assert f"!{source}**" in ignored if source.endswith("/") else f"!{source}" in ignored
    # Data and images of patients stay out.
    assert ignored[1] == "*"
    assert [line for line in ignored if line.startswith("!data")] == ["!data/exports/**"] * (name == DOCKERFILES[0])


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_runs_the_python_that_is_supported_and_not_as_root(name: str) -> None:
    images = {line.split()[0] for line in find(name, "FROM")}
    assert images == {"python:3.12-slim"}
    assert find(name, "USER") == ["10001:10001"]
    assert [each for each, _ in read_instructions(name)][-1] in ("ENTRYPOINT", "CMD")


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_pin_of_uv_is_found_in_the_lock_as_the_image_finds_it(name: str) -> None:
    (command,) = [line for line in find(name, "RUN") if "awk" in line]
    program = shlex.split(command)[1]
    pinned = subprocess.run(
        ["awk", program, "requirements.lock"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert re.match(r"uv==\d+\.\d+\.\d+ \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+$", pinned)


@needs_serve
def test_the_extras_of_the_image_are_those_of_the_package() -> None:
    assert find_arguments("Dockerfile.serve")["EXTRAS"].split(",") == ["serve"]
    assert {"serve", "dicom"} <= EXTRAS.keys()


def test_the_model_is_copied_to_where_it_is_served_from() -> None:
    (copied,) = [line.split() for line in find("Dockerfile.serve", "COPY") if "${MODEL}" in line]
    assert copied[-1] == entrypoint()[2]
    assert find_arguments("Dockerfile.serve")["MODEL"].startswith("data/exports/")


@needs_serve
def test_the_commands_of_all_files_have_the_options_that_they_use() -> None:
    check_command(entrypoint())
    check_command([*entrypoint(), *CONTAINER["args"]])
    (started,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    check_command(started.split())


def test_the_image_for_training_checks_and_runs_the_pipeline() -> None:
    (line,) = find("Dockerfile.train", "CMD")
    check, run = json.loads(line)[-1].split(" && ")
    check_command(check.split())
    assert run == "dvc repro"


def test_all_files_agree_on_the_port() -> None:
    port = entrypoint()[entrypoint().index("--port") + 1]
    (probed,) = find("Dockerfile.serve", "HEALTHCHECK")
    assert find("Dockerfile.serve", "EXPOSE") == [port]
    assert f"http://127.0.0.1:{port}/health" in probed
    assert CONTAINER["ports"] == [{"name": "http", "containerPort": int(port)}]
    assert SERVICE["spec"]["ports"][0]["targetPort"] == "http"
    assert SERVICE["spec"]["selector"] == DEPLOYMENT["spec"]["template"]["metadata"]["labels"]


PROBED = {CONTAINER[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}


def test_the_probes_tell_living_from_ready() -> None:
    assert sorted(PROBED) == ["/health", "/ready"]
    assert CONTAINER["livenessProbe"]["httpGet"]["path"] == "/health"


@needs_serve
def test_the_service_answers_what_the_probes_ask() -> None:
    service = "".join(file.read_text() for file in (ROOT / "lesions/service").rglob("*.py"))
    assert not [path for path in PROBED if f'"{path}"' not in service]


def test_the_pod_is_bounded_and_may_do_nothing_but_serve() -> None:
    assert CONTAINER["resources"]["limits"].keys() == {"cpu", "memory"}
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert (POD["securityContext"]["runAsNonRoot"], POD["securityContext"]["runAsUser"]) == (True, 10001)
    assert POD["automountServiceAccountToken"] is False
    (token,) = CONTAINER["env"]
    assert (token["name"], "value" in token) == ("LESIONS_TOKEN", False)
    assert token["valueFrom"]["secretKeyRef"] == {"name": "lesions-token", "key": "token"}


def test_the_unit_is_bounded_and_keeps_its_token_in_a_file_of_root() -> None:
    settings = dict(line.split("=", 1) for line in UNIT.splitlines() if "=" in line and not line.startswith("#"))
    expected = {"DynamicUser": "yes", "ProtectSystem": "strict", "NoNewPrivileges": "yes", "KillSignal": "SIGTERM"}
    assert expected.items() <= settings.items()
    assert {"MemoryMax", "CPUQuota", "TasksMax"} <= settings.keys()
    assert settings["EnvironmentFile"] == "/etc/lesions/token.env"
    assert "LESIONS_TOKEN" not in settings
    assert int(settings["TimeoutStopSec"]) == POD["terminationGracePeriodSeconds"]


def test_training_is_the_same_commands_wherever_it_runs() -> None:
    (trainer,) = JOB["spec"]["template"]["spec"]["containers"]
    assert trainer["command"] == ["sh", "-c", TRAINING]
    assert CLOUD["run"].splitlines()[-1] == TRAINING
    assert f"    {TRAINING}\n" in (DEPLOY / "slurm.sbatch").read_text()
    check_command(TRAINING.split(" && ")[-1].split())


def test_training_finds_its_state_again_on_another_machine() -> None:
    pod = JOB["spec"]["template"]["spec"]
    (trainer,) = pod["containers"]
    mounted = {mount["name"]: mount["mountPath"] for mount in trainer["volumeMounts"]}
    workdir = find("Dockerfile.train", "WORKDIR")
    kept = [volume["name"] for volume in pod["volumes"] if "persistentVolumeClaim" in volume]
    assert [mounted[name] for name in kept] == workdir
    assert [pod["securityContext"]["runAsUser"]] == [int(find("Dockerfile.train", "USER")[0].split(":")[0])]
    assert list(CLOUD["file_mounts"]) == [CLOUD["envs"]["LESIONS_RESUME_DIR"]]
    assert "LESIONS_RESUME_DIR" in (ROOT / "lesions/stage/resuming.py").read_text()


def test_the_job_of_slurm_is_a_script_that_the_shell_reads() -> None:
    subprocess.run(["bash", "-n", DEPLOY / "slurm.sbatch"], check=True)


def test_the_guide_says_that_nothing_of_this_was_built() -> None:
    guide = (ROOT / "docs/deploy.md").read_text()
    assert "None of this was built or run" in guide
    assert "Neither file was run" in (ROOT / "docs/slurm.md").read_text()
    assert not [path.name for path in DEPLOY.iterdir() if path.name not in guide and "ignore" not in path.name]
