"""Where each dataset was published, under which licence, and how to cite it."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any

import requests

from lesions.errors import InputError
from lesions.fetching.request import hide_credentials, read_pieces, request_url

ISIC = "https://isic-challenge-data.s3.amazonaws.com"
DATAVERSE = "https://dataverse.harvard.edu"
MENDELEY = "https://data.mendeley.com"
HAM10000_PAGE = "https://doi.org/10.7910/DVN/DBW86T"
MAX_TABLE_BYTES = 10**8
"""Size up to which a table of an unknown size is downloaded; the largest has 3 MB."""

MAX_LIST_BYTES = 10**7
"""Size up to which Dataverse's description of a dataset is read; it has 30 KB."""

LISTED = re.compile(r"(?P<stem>HAM10000_images_part_\w+|HAM10000_metadata)(\.\w+)?")
"""The files of HAM10000 that are needed, as Dataverse names them."""


@dataclass(frozen=True)
class Digest:
    """A published checksum: the algorithm as hashlib names it, and its hexadecimal digits."""

    algorithm: str
    digits: str


@dataclass(frozen=True)
class RemoteFile:
    """A file of a published dataset.

    Attributes
    ----------
    url
        The address of the file.
    name
        The name of the local file.
    unpacked
        The folder to unpack it into, relative to the dataset's; None if it is not an archive to unpack.
    size_bytes, digest
        The published size and checksum, if there are any.
    max_bytes
        The size up to which the file is downloaded if none is published.
    """

    url: str
    name: str
    unpacked: str | None = None
    size_bytes: int | None = None
    digest: Digest | None = None
    max_bytes: int = MAX_TABLE_BYTES

    @property
    def shown_url(self) -> str:
        """The address, without the user name and the password of a mirror."""
        return hide_credentials(self.url)


@dataclass(frozen=True)
class Published:
    """A published dataset, with its licence and citation."""

    title: str
    page: str
    licence: str
    citation: str
    files: tuple[RemoteFile, ...]
    dataverse_doi: str | None = None
    """Set if Dataverse lists the files, with their addresses, sizes and checksums."""


def _build_archive(url: str, name: str, unpacked: str, *, max_gb: float) -> RemoteFile:
    return RemoteFile(url, name, unpacked, max_bytes=int(max_gb * 1e9))


def _list_isic_files(year: int, *names: str, max_gb: float) -> tuple[RemoteFile, ...]:
    return tuple(
        _build_archive(f"{ISIC}/{year}/{name}", name, name.removesuffix(".zip"), max_gb=max_gb)
        if name.endswith(".zip")
        else RemoteFile(f"{ISIC}/{year}/{name}", name)
        for name in names
    )


CATALOGUE = {
    "ham10000": Published(
        title="HAM10000: 10,015 dermatoscopic images of seven diagnoses, 3 GB",
        page=HAM10000_PAGE,
        licence="CC BY-NC 4.0",
        citation="Tschandl, Rosendahl, Kittler (2018), Scientific Data 5:180161, doi 10.1038/sdata.2018.161",
        files=(
            RemoteFile(HAM10000_PAGE, "HAM10000_metadata.csv"),
            _build_archive(HAM10000_PAGE, "HAM10000_images_part_1.zip", "HAM10000_images_part_1", max_gb=4),
            _build_archive(HAM10000_PAGE, "HAM10000_images_part_2.zip", "HAM10000_images_part_2", max_gb=4),
        ),
        dataverse_doi="doi:10.7910/DVN/DBW86T",
    ),
    "pad_ufes_20": Published(
        title="PAD-UFES-20: 2,298 photographs by smartphone of six diagnoses, 3 GB",
        page="https://doi.org/10.17632/zr7vgbcyr2.1",
        licence="CC BY 4.0",
        citation="Pacheco et al. (2020), Data in Brief 32:106221, doi 10.1016/j.dib.2020.106221",
        files=(
            _build_archive(f"{MENDELEY}/public-api/zip/zr7vgbcyr2/download/1", "zr7vgbcyr2-1.zip", ".", max_gb=6),
        ),
    ),
    "isic2019": Published(
        title="ISIC 2019: 25,331 dermatoscopic images of eight diagnoses, 9 GB",
        page="https://challenge.isic-archive.com/data/#2019",
        licence="CC BY-NC 4.0",
        citation="Tschandl et al. (2018), doi 10.1038/sdata.2018.161; Codella et al. (2018), arXiv:1710.05006; "
        "Combalia et al. (2019), arXiv:1908.02288",
        files=_list_isic_files(
            2019,
            "ISIC_2019_Training_GroundTruth.csv",
            "ISIC_2019_Training_Metadata.csv",
            "ISIC_2019_Training_Input.zip",
            max_gb=18,
        ),
    ),
    "siim_isic_2020": Published(
        title="SIIM-ISIC 2020: 33,126 dermatoscopic images, melanoma or benign, 23 GB",
        page="https://challenge.isic-archive.com/data/#2020",
        licence="CC BY-NC 4.0",
        citation="Rotemberg et al. (2021), Scientific Data 8:34, doi 10.34970/2020-ds01",
        files=_list_isic_files(
            2020,
            "ISIC_2020_Training_GroundTruth.csv",
            "ISIC_2020_Training_Duplicates.csv",
            "ISIC_2020_Training_JPEG.zip",
            max_gb=46,
        ),
    ),
    "isic2018_test": Published(
        title="ISIC 2018, task 3: the challenge's 1,512 test images of HAM10000's seven diagnoses, 0.4 GB",
        page="https://challenge.isic-archive.com/data/#2018",
        licence="CC BY-NC 4.0",
        citation="Codella et al. (2019), arXiv:1902.03368; Tschandl et al. (2018), doi 10.1038/sdata.2018.161",
        files=_list_isic_files(
            2018, "ISIC2018_Task3_Test_GroundTruth.zip", "ISIC2018_Task3_Test_Input.zip", max_gb=1
        ),
    ),
}


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
