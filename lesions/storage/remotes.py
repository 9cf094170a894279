"""The remotes in DVC's settings: adding one, opening one, and what is unsafe about them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dvc.config import Config, ConfigError
from dvc.repo import Repo

from lesions.errors import InputError
from lesions.fetching.request import hide_credentials
from lesions.project.root import DVC_FOLDER
from lesions.storage.failure import named_failures
from lesions.storage.places import Place

NAME = "storage"
"""What an added remote is called."""

SECRETS = frozenset(
    {
        *("access_key_id", "account_key", "client_secret", "connection_string", "gdrive_client_secret"),
        *("oss_key_id", "oss_key_secret", "passphrase", "password", "sas_token", "secret_access_key"),
        *("session_token", "sse_customer_key", "token"),
    }
)
"""Settings of remotes that must not get into git."""

SECONDS_TO_ANSWER = {"s3": {"connect_timeout": 10, "read_timeout": 30}, "ssh": {"timeout": 30}}
"""How long a kind of remote may take to answer, unless its settings say so; DVC would wait up to half an hour."""

AWS = {"AWS_MAX_ATTEMPTS": "3", "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}
"""Variables of botocore, unless they are set: s3fs repeats a failed call five times by itself, and what is read is
hashed here, so that an object whose checksum is wrong too can be told from one that cannot be read."""


def add_remote(url: str, endpoint: str | None = None) -> str:
    """Write a remote into `.dvc/config` as the default one, which DVC verifies while it pulls, and return its name.

    Parameters
    ----------
    url
        Where it is: `s3://BUCKET/PATH`, `ssh://USER@HOST/PATH`, a folder, or another URL that DVC knows.
    endpoint
        The address of a store that is compatible with S3.

    Raises
    ------
    InputError
        If there is such a remote already, if the URL holds a password, or if DVC would refuse the settings.
    """
    settings = {"url": url, "verify": "true"} | ({"endpointurl": endpoint} if endpoint else {})
    for address in filter(None, (url, endpoint)):
        if holds_password(address):
            raise InputError(
                f"{hide_credentials(address)} holds a password, and git would track it: leave it out, and keep it in "
                f".dvc/config.local: dvc remote modify --local {NAME} password …"
            )
    if endpoint and not url.startswith("s3://"):
        raise InputError(f"--endpoint is for stores that are compatible with S3, and {url} does not begin with s3://")
    if not Path(DVC_FOLDER).is_dir():
        raise InputError("this is no project of DVC: `dvc init` makes one")
    config = Config(DVC_FOLDER)
    if NAME in config["remote"]:
        known = hide_credentials(str(config["remote"][NAME]["url"]))
        raise InputError(
            f"there is a remote {NAME} already, at {known}; `dvc remote remove {NAME}` forgets it, and leaves all "
            "that is stored there"
        )
    try:
        with config.edit("repo") as edited:
            edited["remote"][NAME] = settings
            edited["core"]["remote"] = NAME
    except ConfigError as error:
        raise InputError(f"DVC knows no such remote: {hide_credentials(str(error))}") from error
    return NAME


def describe_unsafe() -> Iterator[str]:
    """Yield what is unsafe in the settings of each remote of the project in the current folder, and its cure."""
    if not Path(DVC_FOLDER).is_dir():
        return
    config = Config(DVC_FOLDER)
    for name, settings in sorted(config["remote"].items()):
        if not settings.get("verify"):
            yield (
                f"`dvc pull` takes what the remote {name} sends without comparing hashes, so that a corrupted object "
                f"counts as up to date: dvc remote modify {name} verify true"
            )
    for name, settings in sorted(config.load_one("repo")["remote"].items()):
        secrets = [*_list_secrets(settings)]
        if secrets:
            yield (
                f".dvc/config, which git tracks, holds the {', '.join(secrets)} of the remote {name}: move it to "
                f".dvc/config.local (dvc remote modify --local {name} …), and replace it if it was ever committed"
            )


def _list_secrets(settings: dict[str, Any]) -> Iterator[str]:
    yield from sorted(SECRETS & settings.keys())
    for key, words in (("url", "password in the URL"), ("endpointurl", "password in the endpointurl")):
        with suppress(InputError):  # whoever uses it is told
            if holds_password(str(settings.get(key, ""))):
                yield words


def holds_password(address: str) -> bool:
    """Return whether a URL holds a password; raise InputError if it is none."""
    try:
        return urlsplit(address).password is not None
    except ValueError as error:
        raise InputError(f"{hide_credentials(address)} is no URL: {error}") from error


def open_remote(repo: Repo, name: str | None) -> Place:
    """Return a remote of the project.

    Parameters
    ----------
    repo
        The project.
    name
        The remote's name; None for the default one.

    Raises
    ------
    InputError
        If there is no such remote, if its library is not installed, or if it keeps versions of files instead of
        objects.
    """
    name = name or repo.config["core"].get("remote")
    if not name:
        raise InputError(
            "the project has no default remote: `lesions storage --add URL` adds one (docs/storage.md), and "
            "`lesions storage --remote NAME` takes another"
        )
    if name not in repo.config["remote"]:
        known = ", ".join(sorted(repo.config["remote"])) or "there is none"
        raise InputError(f"there is no remote {name} in DVC's settings (known: {known})")
    settings = repo.config["remote"][name]
    for variable, value in AWS.items():
        os.environ.setdefault(variable, value)
    for key, seconds in SECONDS_TO_ANSWER.get(urlsplit(str(settings["url"])).scheme, {}).items():
        settings.setdefault(key, seconds)
    with named_failures(name, str(settings["url"])):
        return Place(name, repo.cloud.get_remote_odb(name, "storage"))
