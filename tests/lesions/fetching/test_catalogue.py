"""The catalogue says where the files of each dataset are."""

import pytest

from lesions.datasets.registry import PUBLISHED
from lesions.errors import InputError
from lesions.fetching.catalogue import CATALOGUE, Digest, RemoteFile
from lesions.fetching.listing import list_files, read_dataverse
from tests.server import Server, send

LISTED = """{"status": "OK", "data": {"latestVersion": {"files": [
    {"label": "HAM10000_images_part_1.zip", "dataFile": {"id": 1, "filesize": 3, "md5": "aa"}},
    {"label": "HAM10000_images_part_2.zip", "dataFile": {"id": 2, "filesize": 4, "md5": "bb"}},
    {"label": "HAM10000_metadata.tab", "dataFile": {"id": 3, "filesize": 5, "md5": "cc"}},
    {"label": "ISIC2018_Task3_Test_Images.zip", "dataFile": {"id": 4, "filesize": 6, "md5": "dd"}}
]}}}"""


def test_dataverse_gives_the_address_size_and_checksum_of_each_file(server: Server) -> None:
    server.answers["/api/datasets/:persistentId/"] = send(LISTED.encode())
    first, _, table = read_dataverse("doi:1", server.address)
    address = f"{server.address}/api/access/datafile"
    assert first == RemoteFile(
        f"{address}/1", "HAM10000_images_part_1.zip", "HAM10000_images_part_1", 3, Digest("md5", "aa")
    )
    # Dataverse's checksum belongs to its own format of the table.
    assert table == RemoteFile(f"{address}/3?format=original", "HAM10000_metadata.csv")


@pytest.mark.parametrize("text", ["<html>", "{}", '{"data": {"latestVersion": {"files": [{"label": "x"}]}}}'])
def test_a_page_that_is_not_a_list_is_named(server: Server, text: str) -> None:
    server.answers["/api/datasets/:persistentId/"] = send(text.encode())
    with pytest.raises(InputError, match="not a description of a dataset in Dataverse's form"):
        read_dataverse("doi:1", server.address)


def test_a_list_without_the_images_is_named(server: Server) -> None:
    server.answers["/api/datasets/:persistentId/"] = send(LISTED.replace("_images_part", "_pictures").encode())
    with pytest.raises(InputError, match=r"lists HAM10000_metadata\.csv of doi:1, expected 3 files"):
        read_dataverse("doi:1", server.address)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_mirror_has_the_same_files_by_name(name: str) -> None:
    files = list_files(CATALOGUE[name], "http://mirror/x")
    assert [file.name for file in files] == [file.name for file in CATALOGUE[name].files]
    assert all(file.url == f"http://mirror/x/{file.name}" for file in files)
    assert all(file.url.startswith("https://") for file in CATALOGUE[name].files)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_file_has_a_bound_of_about_twice_the_published_size(name: str) -> None:
    published_gb = float(CATALOGUE[name].title.rpartition(", ")[2].removesuffix(" GB"))
    archives = [file.max_bytes / 1e9 for file in CATALOGUE[name].files if file.unpacked]
    assert published_gb <= max(archives) <= sum(archives) <= 5 * published_gb
    assert all(file.max_bytes == 10**8 for file in CATALOGUE[name].files if not file.unpacked)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_the_fetched_files_include_the_tables_that_the_adapter_reads(name: str) -> None:
    products = {file.unpacked or file.name for file in CATALOGUE[name].files}
    tables = {str(table).split("/")[0] for table in PUBLISHED[name].tables}
    assert tables <= products or products == {"."}
