"""The house keeps its plan: who may import whom, and what DVC must watch."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import lesions
from lesions.command_line.lazy import COMMANDS
from lesions.stage.code import Code
from lesions.stage.imports import Sources, read_versions, trace_stages

ROOT = Path(__file__).parents[1]
DEFINITIONS = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
STAGES = sorted(path.stem for path in (ROOT / "stages").glob("[!_]*.py"))
TORCH_STAGES = ("evaluate_robustness", "explain", "export", "predict", "train")
"""The stages that load torch when they start."""

LATE_TORCH_STAGES = ("fit_baselines", "pretrain")
"""Those that load it only where a backbone has pretrained weights, or is to get them."""

FLOORS = (
    "errors", "formats", "hardware", "parameters", "stage", "drawing", "tables", "images", "transforms", "tracking",
    "synthetic", "fetching", "datasets", "near_duplicates", "splitting", "evaluation", "serving", "service",
    "networks", "exporting", "baselines", "training", "project", "registry", "gate", "storage", "experiments",
    "reproduction", "drift", "report", "preflight", "release", "repository", "command_line",
)  # fmt: skip
"""The folders of `lesions/`, from the ground up: each may import those before it."""

TORCH_FOLDERS = ("transforms", "networks", "baselines", "training")
PREDICTING_FOLDERS = ("errors", "formats", "hardware", "images", "serving", "service", "registry")
TORCH_FILES = {
    *(ROOT / f"lesions/hardware/{name}.py" for name in ("device", "exchange", "fingerprint")),
    ROOT / "lesions/preflight/training_memory.py",
}


@cache
def imported_names(file: Path) -> frozenset[str]:
    """The dotted names that a file imports; of `from a import b` both `a` and `a.b`."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return frozenset(names)


def imported_files(file: Path) -> frozenset[Path]:
    """The project's files that one file imports, without packages' `__init__.py`."""
    paths = {ROOT / f"{name.replace('.', '/')}.py" for name in imported_names(file)}
    return frozenset(path for path in paths if path.is_file())


def floor_of(file: Path) -> str:
    """The folder below `lesions/` that a file is in, or the file's own name where it is in none."""
    return file.relative_to(ROOT / "lesions").parts[0].removesuffix(".py")


def reached_files(file: Path) -> set[Path]:
    """Everything of the project that is loaded when a file is run, itself included."""
    reached, waiting = set(), [file]
    while waiting:
        current = waiting.pop()
        if current not in reached:
            reached.add(current)
            waiting += imported_files(current)
    return reached


def source_files(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if path.name != "__init__.py")


def spell(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def named(paths: set[Path] | frozenset[Path]) -> list[str]:
    return sorted(spell(path) for path in paths)


def find_importing(files: set[Path], packages: set[str]) -> dict[str, set[str]]:
    """The files that import any of these packages, and which."""
    found = {spell(file): packages & {each.partition(".")[0] for each in imported_names(file)} for file in files}
    return {file: imported for file, imported in found.items() if imported}


@pytest.mark.parametrize("init", [*ROOT.glob("lesions/*/**/__init__.py"), ROOT / "stages/__init__.py"], ids=str)
def test_package_inits_are_empty_so_that_importing_a_module_loads_no_other(init: Path) -> None:
    statements = ast.parse(init.read_text()).body
    assert len(statements) == 1
    assert ast.get_docstring(ast.parse(init.read_text()))


def test_the_package_itself_offers_what_predicts_and_no_stage_reaches_it_by_that() -> None:
    # Every stage counts lesions/__init__.py as its code: an import there would retrain after an edit of serving.
    init = ROOT / "lesions/__init__.py"
    assert imported_names(init) == {"os", "importlib", "importlib.import_module", "typing", "typing.Any"}
    traced = Sources(ROOT).trace_imports([ROOT / "stages/train.py"], read_versions(ROOT / "requirements.lock"))
    assert "lesions/__init__.py" in traced.files
    assert not [file for file in traced.files if file.startswith("lesions/serving/")]


def test_what_the_package_offers_is_typed_as_it_is() -> None:
    imports = ast.parse((ROOT / "lesions/__init__.pyi").read_text()).body
    typed = {str(node.names[0].asname): str(node.module) for node in imports if isinstance(node, ast.ImportFrom)}
    assert tuple(sorted(typed)) == vars(lesions)["OF_MODEL"]
    for name, module in typed.items():
        assert getattr(lesions, name) is getattr(import_module(module), name)
    with pytest.raises(AttributeError, match="module 'lesions' has no attribute 'nothing'"):
        lesions.nothing  # type: ignore[attr-defined] # noqa: B018


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "trace_code"])
def test_dvc_and_the_stage_itself_check_the_code_that_it_reaches(stage: str) -> None:
    of_script = [name for name in DEFINITIONS if name.removesuffix("_ensemble") == stage]
    assert of_script
    # A network of one's own belongs to the code of its model alone.
    name = f"{stage}@${{item}}" if stage in TORCH_STAGES else stage
    for definition in (DEFINITIONS[each].get("do", DEFINITIONS[each]) for each in of_script):
        assert f"data/code/{name}.json" in definition["deps"]
        assert definition["cmd"].startswith(f"python -m stages.{stage} --code data/code/{name}.json ")


@cache
def traced_stages() -> dict[str, Code]:
    return trace_stages(ROOT / "stages", read_versions(ROOT / "requirements.lock"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_computes_with_torch_follows_the_numerics_and_dvc_knows(stage: str) -> None:
    with_torch = "torch" in traced_stages()[stage].packages
    assert with_torch == (stage in (*TORCH_STAGES, *LATE_TORCH_STAGES))
    launch = ", launch=launch_processes" if stage == "train" else ""
    call = f"run_stage(main, with_torch=True{launch})" if with_torch else "run_stage(main)"
    assert (ROOT / f"stages/{stage}.py").read_text().endswith(f"    {call}\n")
    if with_torch:
        definition = DEFINITIONS[stage].get("do", DEFINITIONS[stage])
        assert {"hardware", "hardware.numerics"} & {*definition["params"]}


def test_the_stages_of_the_dag_are_the_files_in_stages() -> None:
    assert sorted({name.removesuffix("_ensemble") for name in DEFINITIONS}) == STAGES


@pytest.mark.parametrize("name", [name for name in DEFINITIONS if name.endswith("_ensemble")])
def test_an_ensemble_is_scored_by_the_same_stages_with_the_same_outputs_as_a_model(name: str) -> None:
    of_ensemble, of_model = DEFINITIONS[name], DEFINITIONS[name.removesuffix("_ensemble")]
    lists = (of_ensemble["foreach"], of_model["foreach"])
    assert lists in [("${ensembles}", "${models}"), ("${export.ensembles}", "${export.models}")]
    for kind in ("params", "outs", "metrics", "plots"):
        assert of_ensemble["do"].get(kind) == of_model["do"].get(kind)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_no_other_stage(stage: str) -> None:
    assert [path for path in named(reached_files(ROOT / f"stages/{stage}.py")) if path.startswith("stages/")] == [
        f"stages/{stage}.py"
    ]


def test_lesions_never_imports_a_stage() -> None:
    assert find_importing({*source_files("lesions")}, {"stages"}) == {}


def test_imports_have_no_cycle() -> None:
    graph = {file: imported_files(file) for file in source_files("lesions")}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(spell(path) for path in error.args[1]))


def test_a_folder_imports_only_from_lower_floors() -> None:
    above = [
        (file, path)
        for file in source_files("lesions")
        for path in imported_files(file)
        if FLOORS.index(floor_of(path)) > FLOORS.index(floor_of(file))
    ]
    assert not above, "\n".join(f"{spell(file)} stands below {spell(path)}" for file, path in above)


def test_every_folder_has_a_floor() -> None:
    assert sorted({floor_of(file) for file in source_files("lesions")}) == sorted(FLOORS)


def test_torch_is_imported_only_in_its_folders() -> None:
    others = [file for file in source_files("lesions") if floor_of(file) not in TORCH_FOLDERS]
    assert find_importing({*others} - TORCH_FILES, {"torch", "torchvision", "safetensors", "timm"}) == {}


def test_folders_that_predicting_needs_import_no_library_of_training() -> None:
    files = [file for file in source_files("lesions") if floor_of(file) in PREDICTING_FOLDERS]
    of_training = {"torch", "pandas", "sklearn", "dvc", "scipy", "ruamel"}
    assert find_importing({*files} - TORCH_FILES, of_training) == {}


@pytest.mark.parametrize(
    "file",
    ["lesions/command_line/app.py", "lesions/command_line/fetch_model.py", "lesions/command_line/predict.py"],
)
def test_all_that_predicting_reaches_imports_only_what_the_base_install_has(file: str) -> None:
    reached = reached_files(ROOT / file)
    packages = {name.partition(".")[0] for each in reached for name in imported_names(each)} - {"", "lesions"}
    optional = {"highdicom", "pillow_heif", "polars", "pydicom"}
    assert packages - sys.stdlib_module_names - optional <= {
        *("cykooz_resizer", "filelock", "numpy", "onnxruntime", "PIL", "pydantic", "requests", "rich", "simplejpeg"),
        *("typer", "urllib3"),
    }


def test_the_commands_are_the_files_that_have_one() -> None:
    functions = {file.stem: ast.parse(file.read_text()).body for file in (ROOT / "lesions/command_line").glob("*.py")}
    named_alike = [
        name
        for name, body in functions.items()
        if any(isinstance(node, ast.FunctionDef) and node.name == name for node in body)
    ]
    assert sorted(named_alike) == sorted(("app", *COMMANDS))


@pytest.mark.slow
def test_the_gpu_benchmarks_need_few_packages_besides_torch() -> None:
    absent = [
        "dvc",
        "faiss",
        "filelock",
        "pandas",
        "rich",
        "scipy",
        "sklearn",
        "typer",
    ]
    probe = f"import sys; sys.modules |= dict.fromkeys({absent}); import benchmarks.measure_gpu"
    subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=True)


@pytest.mark.slow
def test_all_other_stages_start_without_torch() -> None:
    probe = "import sys, importlib\nfor stage in sys.argv[1:]:\n    importlib.import_module(f'stages.{stage}')\n"
    probe += "    if 'torch' in sys.modules: sys.exit(f'{stage} loads torch')"
    others = [stage for stage in STAGES if stage not in TORCH_STAGES]
    done = subprocess.run(
        [sys.executable, "-c", probe, *others], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_module_has_a_meaningless_name() -> None:
    vague = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}
    assert not vague & {path.stem for path in [*source_files("lesions"), *source_files("stages")]}


def test_nothing_is_unpickled() -> None:
    for file in [*source_files("lesions"), *source_files("stages")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                assert "pickle" not in [alias.name for alias in node.names], file
            if isinstance(node, ast.Call):
                options = {option.arg: ast.unparse(option.value) for option in node.keywords}
                assert options.get("allow_pickle") != "True", file
                if ast.unparse(node.func).startswith(("torch.load", "torch.hub.load")):
                    assert options.get("weights_only") == "True", file
