"""Whatever stands in a parameter file is valid, or refused by name."""

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lesions.errors import InputError
from lesions.parameters.section import load_parameters
from lesions.preflight.check import check_parameters
from lesions.preflight.findings import Findings
from tests.builders import ROOT

DEFAULT = load_parameters(ROOT / "presets/default.yaml")

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=200)
    | st.sampled_from(["0", "a/b", "…"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=6,
)


def list_keys(value: Any, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of each section and each parameter."""
    if not isinstance(value, dict):
        return []
    return [path for key in value for path in [(*before, key), *list_keys(value[key], (*before, key))]]


PATHS = list_keys(DEFAULT)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(PATHS), st.sampled_from(["set", "drop", "add"]), ANYTHING), min_size=1, max_size=3
    )
)
def test_any_change_is_valid_or_named(changes: list[tuple[tuple[str, ...], str, Any]]) -> None:
    changed = copy.deepcopy(DEFAULT)
    for path, how, value in changes:
        section = changed
        for key in path[:-1]:
            section = section.get(key, {}) if isinstance(section, dict) else {}
        if not isinstance(section, dict):
            continue
        if how == "drop":
            section.pop(path[-1], None)
        else:
            section[path[-1] if how == "set" else f"{path[-1]}_"] = value
    with TemporaryDirectory() as folder:
        params = Path(folder, "params.yaml")
        YAML(typ="safe", pure=True).dump(changed, params)
        findings = Findings()
        try:
            read = load_parameters(params)
            check_parameters(params, findings)
        except InputError as error:
            findings.problems.append(str(error))
            read = {}
    sections = {path[0].removesuffix("_") for path, _, _ in changes}
    for problem in findings.problems:
        # ruamel.yaml writes some keys, such as `:0`, so that it cannot read them.
        assert "not valid YAML" in problem or any(section in problem for section in sections), problem
        assert len(problem) < 2000
    if read == DEFAULT:
        assert findings.problems == []
