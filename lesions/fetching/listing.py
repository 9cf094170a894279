"""Listing the files of a published dataset, with their addresses."""

import json
import re
from dataclasses import replace
from typing import Any

import requests

from lesions.errors import InputError
from lesions.fetching.catalogue import Digest, Published, RemoteFile
from lesions.fetching.request import read_pieces, request_url

DATAVERSE = "https://dataverse.harvard.edu"

MAX_LIST_BYTES = 10**7
"""Size up to which Dataverse's description of a dataset is read; it has 30 KB."""

LISTED = re.compile(r"(?P<stem>HAM10000_images_part_\w+|HAM10000_metadata)(\.\w+)?")
"""The files of HAM10000 that are needed, as Dataverse names them."""


def list_files(dataset: Published, mirror: str | None) -> tuple[RemoteFile, ...]:
    """Return the files of a dataset, with their addresses.

    Parameters
    ----------
    mirror
        The address of a mirror, below which the files have their usual names.

    Raises
    ------
    InputError
        If the list of files of a dataset on Dataverse cannot be read.
    """
    if mirror is not None:
        return tuple(replace(file, url=f"{mirror}/{file.name}") for file in dataset.files)
    return dataset.files if dataset.dataverse_doi is None else read_dataverse(dataset.dataverse_doi, DATAVERSE)


def read_dataverse(doi: str, server: str) -> tuple[RemoteFile, ...]:
    """Read the list of HAM10000's images and table from Dataverse's description of the dataset.

    Raises
    ------
    InputError
        If it cannot be downloaded, or does not have the form that Dataverse documents.
    """
    url = f"{server}/api/datasets/:persistentId/"
    try:
        entries = json.loads(_read_list(f"{url}?persistentId={doi}"))["data"]["latestVersion"]["files"]
        described = [_build_remote_file(entry["label"], entry["dataFile"], server) for entry in entries]
    except requests.RequestException as error:
        raise InputError(f"{url}: the list of the dataset's files cannot be downloaded ({error})") from error
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{url}: not a description of a dataset in Dataverse's form ({error!r})") from error
    files = tuple(file for file in described if file is not None)
    if len(files) < 3:
        raise InputError(
            f"{url}: lists {', '.join(file.name for file in files) or 'nothing'} of {doi}, expected 3 files"
        )
    return files


def _read_list(url: str) -> bytes:
    """Read an answer of up to `MAX_LIST_BYTES`."""
    content = b""
    with request_url(url) as response:
        response.raise_for_status()
        for piece in read_pieces(response):
            content += piece
            if len(content) > MAX_LIST_BYTES:
                raise InputError(f"{url}: sends more than {MAX_LIST_BYTES:,} bytes, too many for a list of files")
    return content


def _build_remote_file(label: str, file: dict[str, Any], server: str) -> RemoteFile | None:
    """Return a file of HAM10000, or None if it is not needed."""
    named = LISTED.fullmatch(label)
    if named is None:
        return None
    url, stem = f"{server}/api/access/datafile/{int(file['id'])}", named["stem"]
    if stem == "HAM10000_metadata":
        # No size and checksum: Dataverse gives those of its own format of the table, not of the original file.
        return RemoteFile(f"{url}?format=original", f"{stem}.csv")
    return RemoteFile(url, f"{stem}.zip", stem, int(file["filesize"]), Digest("md5", str(file["md5"])))
