"""A project that is ready to be released: a model, its metrics and its card, a git remote and a DVC remote."""

import json
import os
import shutil
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.repo import Repo

from lesions.parameters.section import read_parameters
from lesions.release.release import Released, release_model
from lesions.report.about import AboutParameters
from tests.gating import RULES, predict, write_model, write_split
from tests.repository import Repository
from tests.served import build_manifest, build_onnx

MODEL = "custom_cnn"
EXPORTED = f"data/exports/{MODEL}"

DEFINITIONS: dict[str, Any] = {
    "artifacts": {MODEL: {"path": f"{EXPORTED}/model.onnx", "type": "model"}},
    "stages": {"export": {"cmd": f"cp -r made {EXPORTED}", "deps": ["made"], "outs": [EXPORTED]}},
}

PARAMETERS: dict[str, Any] = {
    "models": [MODEL],
    "ensembles": [],
    "imported": {},
    "architectures": {},
    "about": dict.fromkeys(AboutParameters.model_fields),
    "compare": {"metric": "accuracy"},
    "export": {"models": [MODEL], "ensembles": [], "min_confidence": 0.5, "accepted_fraction": 0.9, "max_drop": None},
    "gate": {name: {**rule, "not_worse_by": None} for name, rule in RULES.items()},
}


@dataclass(frozen=True)
class Project(Repository):
    """Such a project; its remotes are beside it, so that they are copied with it."""

    def copy(self, target: Path) -> "Project":
        """Copy it and its remotes."""
        shutil.copytree(self.root.parent, target, symlinks=True)
        copy = Project(target / self.root.name)
        copy.run("git", "remote", "set-url", "origin", str(target / "origin.git"))
        return copy

    def write_params(self, **changes: Any) -> None:
        """Write its parameters, with some sections changed."""
        (self.root / "params.yaml").write_text(json.dumps(PARAMETERS | changes))  # JSON is YAML

    def write_made(self, **changes: Any) -> None:
        """Write what the stage `export` takes over: the file of the model, with a changed manifest."""
        content = build_onnx(build_manifest(**changes)).SerializeToString()
        (self.root / "made").mkdir(exist_ok=True)
        (self.root / "made/model.onnx").write_bytes(content)
        figures = {f"largest_difference_at_{size}": 0.0 for size in (1, 64)}
        (self.root / f"metrics/{MODEL}").mkdir(parents=True, exist_ok=True)
        (self.root / f"metrics/{MODEL}/export.json").write_text(json.dumps(figures | {"num_bytes": len(content)}))

    def run_and_push(self, message: str) -> None:
        """Run the pipeline, commit, and push to both remotes."""
        with chdir(self.root), Repo() as repo:
            repo.reproduce()
            self.commit(message)
            repo.push()
        self.run("git", "push", "--quiet", "--set-upstream", "origin", "main")

    def release(self, version: str, **options: Any) -> Released:
        """Release its model in this process, by the command's defaults."""
        read_parameters.cache_clear()
        with chdir(self.root):
            return release_model(
                MODEL, version, **{"address": None, "key": None, "params": Path("params.yaml")} | options
            )

    def state(self) -> tuple[str, ...]:
        """Return all references, what git sees in the workspace, and the files of releases."""
        files = [str(path.relative_to(self.root)) for path in self.root.glob("releases/**/*")]
        references = self.run("git", "for-each-ref", "--format=%(refname) %(objectname)").stdout
        return references, self.run("git", "status", "--porcelain", "--ignored=no").stdout, *sorted(files)


def build_project(folder: Path, *, below: str = ".") -> Project:
    """Build the project in a folder of the git repository `folder/work`, run it, and push it."""
    project, origin = Project(folder / "work" / below), str(folder / "origin.git")
    project.root.mkdir(parents=True)
    project.run("git", "init", "--quiet", "--initial-branch", "main", str(folder / "work"))
    project.set_identity()
    project.run("git", "init", "--quiet", "--bare", "--initial-branch", "main", origin)
    project.run("git", "remote", "add", "origin", origin)
    store = os.path.relpath(folder / "store", project.root / ".dvc")
    for name, text in {
        ".dvc/config": f"[core]\n    remote = store\n['remote \"store\"']\n    url = {store}\n",
        ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
        "dvc.yaml": json.dumps(DEFINITIONS),
        ".gitignore": "/data/**\n!/data/**/\n!/data/exports/.gitignore\n/report/\n",
        "data/exports/.gitignore": f"/{MODEL}\n",
        "requirements.lock": "lesions==0.1.0\n",
        "stages/__init__.py": '"""None."""\n',
        f"report/cards/{MODEL}.md": "# A card\n",
    }.items():
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        (project.root / name).write_text(text)
    project.write_params()
    project.write_made()
    write_model(project.root, MODEL, predict(1.5))
    write_split(project.root)
    project.run_and_push("Run")
    return project
