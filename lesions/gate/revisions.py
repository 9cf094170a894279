"""Read the metrics of the workspace and of revisions through DVC."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dvc.exceptions import DvcException

from lesions.errors import InputError, cut_value, quote_value
from lesions.gate.metrics import Files, RevisionMetrics, read_metrics, read_revision_parameters
from lesions.gate.rules import Gate, Rule, parse_gate, read_gate
from lesions.parameters.differences import describe_changes
from lesions.project.revisions import WORKSPACE, find_last_tag, open_project, open_revision, resolve_revision

RulesOf = Literal["base", "workspace"]


@dataclass(frozen=True)
class Revisions:
    """The metrics to judge, and what to judge them by.

    Attributes
    ----------
    names
        The base, and the release if there is one, in words.
    base, now, release
        The metrics of the base, of the workspace, and of the last release; `release` is None if no rule asks for it.
    rules
        The rules that count.
    changed_rules
        The differences between the rules of the base and those of the workspace, in words.
    """

    names: str
    base: RevisionMetrics
    now: RevisionMetrics
    release: RevisionMetrics | None
    rules: Mapping[str, Rule]
    changed_rules: tuple[str, ...]


def read_revisions(base: str, params: Path, rules_of: RulesOf, *, with_release: bool = True) -> Revisions:
    """Read the rules, and the metrics of a revision, of the workspace, and of the last release.

    Parameters
    ----------
    base
        A branch, a tag, a commit or an experiment.
    params
        The parameter file, which has the rules.
    rules_of
        Whose rules count.
    with_release
        Whether to read the last release, if `gate.release` says which tags are releases.

    Raises
    ------
    InputError
        If there is no such revision or release, or if the rules or the models of any of them cannot be read.
    """
    own = read_gate(params)
    if not base.strip():
        raise InputError(f"--base is {quote_value(base)}: it must name a revision; perhaps a variable is not set")
    try:
        with open_project() as repo:
            commit = resolve_revision(repo, base)
            with open_revision(repo, commit) as files:
                before = read_metrics(files, "the base")
                of_base = _parse_base_gate(files, params, is_needed=rules_of == "base")
            names, released = f"{cut_value(base)} ({commit[:10]})", None
            gate = of_base if of_base and rules_of == "base" else own
            if with_release and gate.release is not None:
                tag = find_last_tag(gate.release)
                commit = resolve_revision(repo, f"refs/tags/{tag}")
                with open_revision(repo, commit) as files:
                    released = read_metrics(files, f"the release {cut_value(tag)}")
                names += f" and the release {cut_value(tag)} ({commit[:10]})"
            with open_revision(repo, WORKSPACE) as files:
                now = read_metrics(files, "the workspace")
    except DvcException as error:
        raise InputError(f"DVC cannot read the metrics: {error}") from error
    changed = describe_changes(of_base.section, own.section, "gate.") if of_base else ()
    return Revisions(names, before, now, released, gate.rules, tuple(changed))


def _parse_base_gate(files: Files, params: Path, *, is_needed: bool) -> Gate | None:
    """Return the rules of the base; None if it has none and none are needed."""
    try:
        return parse_gate(read_revision_parameters(files, params, "the base"), f"{params} of the base")
    except InputError as error:
        if is_needed:
            raise InputError(f"{error} (`--rules workspace` takes the rules of the workspace)") from error
        return None
