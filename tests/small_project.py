"""A project of DVC whose stages take no time: it has the paths and the kinds of inputs of this one."""

import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from tests.repository import Repository

DEFINITIONS = """
stages:
  trace_code:
    cmd: python -m stages.trace_code
    params: [models, architectures]
    deps: [net, stages, requirements.lock]
    outs: [data/code]
  split_by_patient:
    cmd: python -m stages.split_by_patient "${dataset.root}"
    params: [split, dataset]
    deps: [data/code/split_by_patient.json, "${dataset.root}"]
    outs: [data/splits.csv]
    plots: [plots/dot.png: {cache: false}]
  resolve_recipes:
    cmd: python -m stages.resolve_recipes
    params: [models, training]
    deps: [data/code/resolve_recipes.json]
    outs: [data/recipes]
  train:
    foreach: ${models}
    do:
      cmd: python -m stages.train ${item}
      deps: ["data/code/train@${item}.json", "data/recipes/${item}.json", data/splits.csv]
      outs: ["data/predictions/${item}.csv"]
      plots: ["plots/${item}.json": {cache: false, x: image, y: logit, template: linear, title: "Logits of ${item}"}]
  report:
    cmd: python -m stages.report
    params: [gate]
    deps: [data/code/report.json, data/predictions]
    outs: [report/index.html]
"""

PARAMETERS = """
models: [small]
architectures: {small: {backbone: none}}
dataset: {root: data/raw/clinic}
split:
  {num_folds: 3, fold: null, seed: 0, scheme: group, conflicting_copies: drop, max_conflicting_fraction: 0,
  shares: {train: 0.6, val: 0.2, test: 0.2}, max_share_deviation: 1, test_list: null, test_list_sha256: null,
  keep: null, keep_sha256: null, seal: false}
training: {seed: 0, learning_rate: 0.1}
compare: {metric: accuracy}
gate: {floor: 0.5}
"""

SCRIPTS = {
    "stages/__init__.py": '"""Stages."""\n',
    "stages/trace_code.py": """
        from pathlib import Path
        from lesions.stage.code import write_code
        from lesions.networks.parameters import list_own_files
        from lesions.stage.imports import read_versions, trace_stages
        versions, own_files = read_versions(Path("requirements.lock")), list_own_files(Path("params.yaml"))
        for stage, code in trace_stages(Path("stages"), versions, own_files).items():
            write_code(Path(f"data/code/{stage}.json"), code)
        """,
    "stages/split_by_patient.py": """
        import base64, csv, os, sys
        from ruamel.yaml import YAML
        os.makedirs("plots", exist_ok=True)
        dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
        open("plots/dot.png", "wb").write(base64.b64decode(dot))
        split = YAML(typ="safe").load(open("params.yaml"))["split"]
        print("image_id,group_id,split", file=(out := open("data/splits.csv", "w")))
        for row in csv.DictReader(open(f"{sys.argv[1]}/findings.csv")):
            part = (int(row["patient"]) - (split["fold"] or 0)) % split["num_folds"]
            print(row["image"], f"g{row['patient']}", {0: "test", 1: "val"}.get(part, "train"), sep=",", file=out)
        """,
    "stages/resolve_recipes.py": """
        import json, os
        from ruamel.yaml import YAML
        params = YAML(typ="safe").load(open("params.yaml"))
        os.makedirs("data/recipes")
        for model in params["models"]:
            json.dump(params["training"], open(f"data/recipes/{model}.json", "w"))
        """,
    "stages/train.py": """
        import csv, json, os, sys
        from net.layers import activate
        model = sys.argv[1]
        seed = json.load(open(f"data/recipes/{model}.json"))["seed"]
        os.makedirs("data/predictions", exist_ok=True)
        out = open(f"data/predictions/{model}.csv", "w")
        print("image_id,group_id,split,y_true,y_pred,logit_mole,logit_nevus", file=out)
        rows = []
        for n, row in enumerate(csv.DictReader(open("data/splits.csv"))):
            logit = activate((seed + n) % 3 - 1)
            true = "mole" if n // 2 % 2 else "nevus"
            predicted = "mole" if logit > 0 else "nevus"
            print(*row.values(), true, predicted, logit, -logit, sep=",", file=out)
            rows.append({"image": n, "logit": logit})
        json.dump(rows, open(f"plots/{model}.json", "w"))
        """,
    "stages/report.py": """
        import os
        os.makedirs("report", exist_ok=True)
        open("report/index.html", "w").write("page")
        """,
    "net/__init__.py": '"""The network."""\n',
    "net/layers.py": """
        import ruamel.yaml
        def activate(x):
            return x + 0.5
        """,
}

FILES = {
    "dvc.yaml": DEFINITIONS,
    "params.yaml": PARAMETERS,
    "requirements.lock": "ruamel.yaml==0.18.0\nlesions==0.1.0\n",
    ".gitignore": "__pycache__\n/data/**\n!/data/**/\n!/data/**/*.dvc\n/report/\n",
    ".dvcignore": "__pycache__\n",
}


def write_findings(root: Path, *, mended: bool = False) -> None:
    """Write the table of 24 photographs of 12 patients; `mended` says something else of the last."""
    rows = [f"photo_{n:02},{n // 2},{'nevus' if n % 4 else 'mole'}" for n in range(24)]
    rows[-1] = rows[-1].replace("nevus", "mole") if mended else rows[-1]
    path = root / "data/raw/clinic/findings.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["image,patient,finding", *rows]) + "\n")


def build_project(folder: Path, *, below: str = ".", files: Mapping[str, str] = FILES | SCRIPTS) -> Repository:
    """Create the project in a folder of a git repository, run it, and commit it."""
    root = folder / below
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(dedent(text).lstrip())
    write_findings(root)
    project = Repository(root)
    project.run("git", "init", "--quiet", "--initial-branch", "main", str(folder))
    project.set_identity()
    project.run("dvc", "init", "--quiet", *(["--subdir"] if below != "." else []))
    project.run("dvc", "add", "--quiet", "data/raw/clinic")
    project.commit("Start")
    project.run("dvc", "repro", PYTHONPATH=":".join(sys.path))
    project.commit("Run")
    return project
