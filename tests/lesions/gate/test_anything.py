"""Rules, bases and workspaces of any kind: the gate never breaks, and passes only what the predictions confirm."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from lesions.errors import InputError
from lesions.evaluation.summary import summarise_scores
from lesions.tables.digest import parse_digest
from tests.gating import SHA256, build_project, judge, predict, write_model, write_params
from tests.repository import Repository

HOSTILE = (
    None,
    "folder",
    "",
    "{",
    "null",
    '"text"',
    "[" * 2000,
    "9" * 450,
    "<<<<<<< HEAD\n{}",
    "\ufeff{}",
    '{"accuracy": "</failure>"}',
    '{"accuracy": 1e999, "num_images": -1, "classes": [[]], "test_images_sha256": {"a": "|"}}',
)
NAMES = ("a", "b", "c_c")
METRICS = ("accuracy", "macro_f1", "log_loss", "num_images", "schema", "f1", "a|b", "x\n## Metrics gate: passed")


def mostly(good: st.SearchStrategy[Any], bad: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw from the good ones nine times out of ten."""
    return st.integers(0, 9).flatmap(lambda number: good if number else bad)


HOSTILE_FILES = st.sampled_from(HOSTILE)
MODELS = st.fixed_dictionaries(
    {
        "skill": st.sampled_from([0, 1.2, 1.5, 2]),
        "changes": mostly(
            st.just({}),
            st.dictionaries(
                st.sampled_from(METRICS),
                st.one_of(st.floats(), st.sampled_from([0.75, 1e300, 10**450, True, None, "0.9", [], {"a": "|"}])),
                max_size=2,
            ),
        ),
        "test": mostly(st.just("good"), HOSTILE_FILES),
        "digest": mostly(st.just("good"), st.one_of(HOSTILE_FILES, st.just("chance"))),
    }
)
REVISIONS = st.fixed_dictionaries(
    {
        "models": mostly(
            st.sampled_from([["a"], ["a", "b"], ["b", "a", "c_c"]]),
            st.lists(st.sampled_from([*NAMES, "[/bold]", "a|b", "\x1b[2J", "split", 5, None]), max_size=3),
        ),
        "states": st.fixed_dictionaries(dict.fromkeys(NAMES, MODELS)),
        "split": mostly(st.just(json.dumps({"test_images_sha256": SHA256})), HOSTILE_FILES),
    }
)
RULES = mostly(
    st.dictionaries(
        st.sampled_from(METRICS[:3]),
        st.fixed_dictionaries(
            {
                "direction": st.sampled_from(["higher", "lower"]),
                "floor": st.sampled_from([None, 0, 0.5, 0.7]),
                "largest_drop": st.sampled_from([0, 0.05, 1]),
                "beyond_noise": st.booleans(),
            }
        ),
        min_size=1,
        max_size=2,
    ),
    st.dictionaries(st.sampled_from(METRICS), st.sampled_from([None, 5, {"direction": "up"}]), max_size=2),
)


def write_revision(root: Path, revision: dict[str, Any], rules: object) -> None:
    """Write all files of a revision in place of those that are there."""
    shutil.rmtree(root / "metrics")
    write_params(root, revision["models"], rules)
    for name, state in revision["states"].items():
        write_model(root, name, predict(state["skill"]))
        folder = root / f"metrics/{name}"
        values = json.loads((folder / "test.json").read_text()) | state["changes"]
        (folder / "test.json").write_text(json.dumps(values))
        if state["digest"] == "chance":
            write_model(root, "chance", predict(0, seed=5))
            shutil.move(root / "metrics/chance/digest.json", folder / "digest.json")
        elif state["digest"] != "good":
            write_hostile(folder / "digest.json", state["digest"])
        if state["test"] != "good":
            write_hostile(folder / "test.json", state["test"])
    write_hostile(root / "metrics/split.json", revision["split"])


def write_hostile(path: Path, content: str | None) -> None:
    path.unlink(missing_ok=True)
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content, encoding="utf-8")


def list_confirmed(root: Path, model: str) -> dict[str, float]:
    """Return the figures of a model that both of its files give, in another way than the gate."""
    folder = root / f"metrics/{model}"
    try:
        stated = json.loads((folder / "test.json").read_text())
        scores = summarise_scores(parse_digest(json.loads((folder / "digest.json").read_text()), "here"))
    except (OSError, ValueError, RecursionError, InputError):
        return {}
    return {
        metric: stated[metric]
        for metric, score in scores.items()
        if isinstance(stated, dict)
        and type(stated.get(metric)) in (int, float)
        and abs(stated[metric]) < 1e9
        and abs(stated[metric] - score) < 0.011 * max(1, score)
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return build_project(tmp_path_factory.mktemp("gate"))


@settings(
    deadline=None,
    max_examples=int(os.environ.get("GATE_EXAMPLES", "40")),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(base=REVISIONS, now=REVISIONS, rules=RULES)
def test_the_gate_passes_only_what_the_predictions_confirm(
    project: Repository, base: dict[str, Any], now: dict[str, Any], rules: dict[str, Any]
) -> None:
    root = project.root
    write_revision(root, base, rules)
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--allow-empty", "--message", "Base")
    before = {name: list_confirmed(root, name) for name in NAMES}
    write_revision(root, now, rules)
    status, markdown, junit = judge(root, "HEAD")
    headline = {0: "passed", 1: "failed", 2: "cannot tell"}[status]
    assert re.findall("^#.*", markdown, re.MULTILINE) == [f"## Metrics gate: {headline}"]
    num_failures, num_errors = int(junit.attrib["failures"]), int(junit.attrib["errors"])
    assert (num_failures > 0, num_errors > 0 and num_failures == 0) == (status == 1, status == 2)
    table = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len({len(line.replace("\\|", "").split("|")) for line in table}) <= 1
    event(headline)
    if status:
        return
    assert base["split"] == now["split"]
    for model in now["models"]:
        after = list_confirmed(root, model)
        for metric, rule in rules.items():
            sign = 1 if rule["direction"] == "higher" else -1
            if rule["floor"] is not None:
                assert sign * (after[metric] - rule["floor"]) >= -1e-6
            if model in base["models"] and not rule["beyond_noise"]:
                assert sign * (before[model][metric] - after[metric]) <= rule["largest_drop"] + 1e-6
