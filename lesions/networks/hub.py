"""Weights in a repository of the Hugging Face hub, at a commit."""

from pathlib import Path

from lesions.errors import InputError

FILE = "model.safetensors"
"""The only file that is read; others may hold pickles."""


def download_from_hub(repository: str, commit: str) -> Path:
    """Return the weights file of a repository in the hub's cache, to which it is downloaded on first use.

    The hub promises, and nothing here checks, that the file is that of the commit: check its sha256.

    Parameters
    ----------
    repository
        Its owner and name, with a slash between them.
    commit
        The 40 hexadecimal digits of a commit: a file of it that is in the cache is not asked for again.

    Raises
    ------
    InputError
        If the file cannot be downloaded.
    """
    # Loading it takes a second, which other backbones need not pay.
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(hf_hub_download(repository, FILE, revision=commit))
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise InputError(
            f"{FILE} of {repository} at {commit} could not be downloaded ({' '.join(str(error).split())[:200]}). "
            "Either make it available, or save it and set weights to its path (weights: none trains from scratch)"
        ) from error
