"""Read the metrics of the workspace and of a revision through DVC."""

from dvc.exceptions import DvcException

from lesions.errors import InputError, quote_value
from lesions.gate.metrics import RevisionMetrics, read_metrics
from lesions.project.revisions import WORKSPACE, open_project, open_revision, resolve_revision


def read_revisions(base: str) -> tuple[str, RevisionMetrics, RevisionMetrics]:
    """Read the metrics of a revision and of the workspace.

    Parameters
    ----------
    base
        A branch, a tag, a commit or an experiment.

    Returns
    -------
    commit
        The hash of the commit that `base` names.
    before, now
        The metrics of `base` and of the workspace.

    Raises
    ------
    InputError
        If there is no such revision, or if the models of either cannot be read.
    """
    if not base.strip():
        raise InputError(f"--base is {quote_value(base)}: it must name a revision; perhaps a variable is not set")
    try:
        with open_project() as repo:
            commit = resolve_revision(repo, base)
            with open_revision(repo, commit) as files:
                before = read_metrics(files, "the base")
            with open_revision(repo, WORKSPACE) as files:
                now = read_metrics(files, "the workspace")
    except DvcException as error:
        raise InputError(f"DVC cannot read the metrics: {error}") from error
    return commit, before, now
