"""What a stage reaches: its files, those they import, and the versions of the packages."""

import importlib.metadata
import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.stage.imports import DISTRIBUTIONS, normalise_name, read_versions, trace_stages
from tests.builders import ROOT

VERSIONS = {"numpy": "2.0", "scikit-learn": "1.6", "torch": "2.9"}


def write(root: Path, **files: str) -> Path:
    """Write files, a double underscore standing for a slash, and return the stage `stages/train.py`."""
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "stages/train.py"


def test_all_imports_of_a_file_are_followed(tmp_path: Path) -> None:
    stage = write(
        tmp_path,
        stages__train="import json\nfrom lesions.a import one\nfrom lesions import b\nimport lesions.deep.c\n",
        lesions__a="def one():\n    from lesions.d import two\n",
        lesions__b="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import lesions.e\n",
        lesions__deep__c="from . import f\nfrom .g import x\nfrom ..h import y\n",
        lesions__d="import lesions.a\n",
        lesions__e="",
        lesions__deep__f="",
        lesions__deep__g="",
        lesions__h="",
        lesions__unused="",
    )
    (tmp_path / "lesions/deep/__init__.py").write_text("import lesions.i\n")
    write(tmp_path, lesions__i="")
    files = trace_stages(stage.parent, VERSIONS)["train"].files
    modules = ["a", "b", "d", "deep/__init__", "deep/c", "deep/f", "deep/g", "e", "h", "i"]
    assert list(files) == [*(f"lesions/{module}.py" for module in modules), "stages/train.py"]
    assert files["lesions/a.py"] == sha256((tmp_path / "lesions/a.py").read_bytes()).hexdigest()


def test_a_package_has_the_version_that_the_lock_pins(tmp_path: Path) -> None:
    stage = write(tmp_path, stages__train="import numpy.typing\nfrom lesions import a\n", lesions__a="import sklearn")
    assert trace_stages(stage.parent, VERSIONS)["train"].packages == {"numpy": "2.0", "scikit-learn": "1.6"}


def test_a_package_that_the_lock_does_not_pin_is_refused_with_the_file_that_imports_it(tmp_path: Path) -> None:
    stage = write(tmp_path, stages__train="from lesions import a", lesions__a="import tensorflow.keras")
    with pytest.raises(
        InputError, match=r"^lesions/a\.py: imports tensorflow, but requirements\.lock pins no package tensorflow;"
    ):
        trace_stages(stage.parent, VERSIONS)["train"]


def test_invalid_python_is_refused_with_its_line(tmp_path: Path) -> None:
    stage = write(tmp_path, stages__train="x = 1\ndef broken(:\n")
    with pytest.raises(InputError, match=r"^stages/train\.py, line 2: not valid Python: "):
        trace_stages(stage.parent, VERSIONS)["train"]


def test_a_module_reaches_the_templates_but_not_the_notes_in_its_folder(tmp_path: Path) -> None:
    stage = write(
        tmp_path, stages__train="import lesions.report.page", lesions__report__page="", lesions__other__x=""
    )
    for name in ("report/page.html.j2", "report/notes.txt", "other/other.j2"):
        (tmp_path / "lesions" / name).write_text("")
    files = trace_stages(stage.parent, VERSIONS)["train"].files
    assert list(files) == ["lesions/report/page.html.j2", "lesions/report/page.py", "stages/train.py"]


def test_versions_are_read_from_a_lock_with_hashes_extras_and_markers(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "# made by uv\n"
        "Ruamel.YAML==0.18 \\\n    --hash=sha256:aa==bb\n    # via x==1\n"
        "fsspec[http]==2026.9.0\n"
        "numpy==2.5.5 ; python_full_version >= '3.15' \\\n    --hash=sha256:cc\n"
        "numpy==2.4.6 ; python_full_version < '3.15'\n"
    )
    assert read_versions(lock) == {"ruamel-yaml": "0.18", "fsspec": "2026.9.0", "numpy": "2.4.6, 2.5.5"}


def test_a_lock_without_pins_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    with pytest.raises(InputError, match=r"requirements\.lock: there is no such file"):
        read_versions(lock)
    lock.write_text("numpy>=2\n")
    with pytest.raises(InputError, match="pins no package"):
        read_versions(lock)


def test_the_packages_in_distributions_provide_their_modules() -> None:
    providers = importlib.metadata.packages_distributions()
    for module, package in DISTRIBUTIONS.items():
        assert package in [normalise_name(name) for name in providers[module]]


@pytest.mark.slow
def test_every_file_that_a_stage_loads_is_in_its_trace(loaded_modules: dict[str, list[str]]) -> None:
    """The oracle is Python itself."""
    traces = trace_stages(ROOT / "stages", read_versions(ROOT / "requirements.lock"))
    assert loaded_modules.keys() == traces.keys()
    for stage, files in loaded_modules.items():
        assert f"stages/{stage}.py" in files
        assert not set(files) - traces[stage].files.keys(), stage


@pytest.fixture(scope="module")
def loaded_modules() -> dict[str, list[str]]:
    """For each stage, the project's files that Python has loaded once it has imported it."""
    script = (
        "import importlib, json, os, sys\n"
        "root, loaded = os.getcwd() + os.sep, {}\n"
        "for stage in sys.argv[1:]:\n"
        "    for name in [name for name in sys.modules if name.split('.')[0] in ('lesions', 'stages')]:\n"
        "        del sys.modules[name]\n"
        "    importlib.import_module(f'stages.{stage}')\n"
        "    files = [getattr(module, '__file__', None) or '' for module in list(sys.modules.values())]\n"
        "    own = [file.removeprefix(root) for file in files if file.startswith(root)]\n"
        "    loaded[stage] = [file for file in own if file.split(os.sep)[0] in ('lesions', 'stages')]\n"
        "print(json.dumps(loaded))\n"
    )
    names = [path.stem for path in (ROOT / "stages").glob("[!_]*.py")]
    done = subprocess.run(
        [sys.executable, "-c", script, *names], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def test_a_network_of_ones_own_belongs_to_the_stages_of_its_model_alone(tmp_path: Path) -> None:
    stage = write(
        tmp_path,
        stages__train="from lesions.networks import own_network",
        stages__report="",
        lesions__networks__own_network="",
        own_networks__mine="import torch\nfrom own_networks import part",
        own_networks__part="",
        own_networks__other="",
    )
    traces = trace_stages(stage.parent, VERSIONS, {"a": None, "b": "mine"})
    assert sorted(traces) == ["report", "train@a", "train@b"]
    assert traces["train@a"] == trace_stages(stage.parent, VERSIONS)["train"]
    own = {f"own_networks/{name}.py" for name in ("mine", "part")}
    assert set(traces["train@b"].files) == {*traces["train@a"].files, *own}
    assert traces["train@b"].packages == {"torch": "2.9"}


def test_the_export_of_an_ensemble_reaches_the_own_networks_of_its_members(tmp_path: Path) -> None:
    stage = write(
        tmp_path,
        stages__train="",
        stages__export="",
        stages__report="",
        **{f"own_networks__{name}": "" for name in ("one", "two", "three")},
    )
    own_files = {"a": "one", "b": "two", "c": None, "d": "three"}
    # `seed1` is a table of logits that was imported, without a network.
    traces = trace_stages(stage.parent, VERSIONS, own_files, {"abc": ("a", "b", "c"), "other": ("c", "seed1")})
    models = [f"{verb}@{model}" for verb in ("export", "train") for model in own_files]
    assert sorted(traces) == sorted([*models, "export@abc", "export@other", "report"])
    reached = {
        name: [Path(file).stem for file in code.files if "own_networks/" in file] for name, code in traces.items()
    }
    assert reached["export@abc"] == ["one", "two"]
    assert reached["export@other"] == reached["export@c"] == []
    assert reached["export@d"] == reached["train@d"] == ["three"]


def test_a_missing_network_of_ones_own_is_named_with_its_model(tmp_path: Path) -> None:
    stage = write(tmp_path, stages__train="import lesions.networks.own_network", lesions__networks__own_network="")
    message = r"^architectures\.b\.backbone: there is no file own_networks/mine\.py$"
    with pytest.raises(InputError, match=message):
        trace_stages(stage.parent, VERSIONS, {"b": "mine"})
