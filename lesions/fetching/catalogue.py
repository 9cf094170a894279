"""Where each dataset was published, under which licence, and how to cite it."""

from dataclasses import dataclass

from lesions.fetching.request import hide_credentials

ISIC = "https://isic-challenge-data.s3.amazonaws.com"
MILK10K = "https://isic-archive.s3.amazonaws.com/challenges/milk10k"
MENDELEY = "https://data.mendeley.com"
HAM10000_PAGE = "https://doi.org/10.7910/DVN/DBW86T"
MAX_TABLE_BYTES = 10**8
"""Size up to which a table of an unknown size is downloaded; the largest has 3 MB."""


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
    member
        A file that the folder has after unpacking, where this may be any folder that the user names.
    """

    url: str
    name: str
    unpacked: str | None = None
    size_bytes: int | None = None
    digest: Digest | None = None
    max_bytes: int = MAX_TABLE_BYTES
    member: str | None = None

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
            RemoteFile(
                f"{MENDELEY}/public-api/zip/zr7vgbcyr2/download/1",
                "zr7vgbcyr2-1.zip",
                unpacked=".",
                member="metadata.csv",
                max_bytes=int(6e9),
            ),
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
    "milk10k": Published(
        title="MILK10k: a clinical and a dermoscopic image of 5,240 lesions of eleven diagnoses, 0.3 GB",
        page="https://challenge.isic-archive.com/landing/milk10k",
        licence="CC BY-NC 4.0",
        citation="MILK study team (2025), MILK10k, ISIC Archive, doi 10.34970/648456",
        files=(
            RemoteFile(f"{MILK10K}/MILK10k_Training_Metadata.csv", "MILK10k_Training_Metadata.csv"),
            RemoteFile(f"{MILK10K}/MILK10k_Training_GroundTruth.csv", "MILK10k_Training_GroundTruth.csv"),
            _build_archive(
                f"{MILK10K}/MILK10k_Training_Input.zip",
                "MILK10k_Training_Input.zip",
                "MILK10k_Training_Input",
                max_gb=1,
            ),
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

UNKNOWN = "unknown"
"""The licence of what has none that covers all its images, or terms of its own, which are to be read and accepted."""

LICENCES = {
    **{name: dataset.licence for name, dataset in CATALOGUE.items()},
    "bcn20000": UNKNOWN,
    "ddi": UNKNOWN,
    "derm7pt": UNKNOWN,
    "fitzpatrick17k": UNKNOWN,
    "isic2018": CATALOGUE["ham10000"].licence,
    "isic_archive": UNKNOWN,
    "ph2": UNKNOWN,
    "slice_3d": "CC BY-NC 4.0",
}
"""The licence of each published dataset, also of those that are not fetched."""
