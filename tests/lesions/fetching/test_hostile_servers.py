"""What a server sends takes no more time, room or trust than a file can."""

import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from rich.progress import Progress

from lesions.errors import InputError
from lesions.fetching import request as module
from lesions.fetching.catalogue import RemoteFile
from lesions.fetching.download import download_file
from lesions.fetching.listing import MAX_LIST_BYTES, read_dataverse
from lesions.fetching.request import hide_credentials
from tests.server import DATA, Server, needs_openssl, redirect, send, write_certificate
from tests.small_disk import needs_small_disk, run_on_small_disk


def fetch(url: str, folder: Path, name: str = "a.zip", **published: object) -> Path:
    with Progress(disable=True) as progress:
        return download_file(RemoteFile(url, name, **published), folder, progress)  # type: ignore[arg-type]


def send_for_ever(request: BaseHTTPRequestHandler) -> None:
    """Send without a length until the client hangs up."""
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(DATA)


def drip(request: BaseHTTPRequestHandler) -> None:
    """Send a byte at a time, so that no wait is ever long enough to give up."""
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b"x")
        time.sleep(0.02)


def test_a_file_without_a_length_ends_at_twice_its_size(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send_for_ever
    with pytest.raises(InputError, match=r"a\.zip: has more than 3,000,000 bytes, about twice what is published"):
        fetch(f"{server.address}/a.zip", tmp_path, max_bytes=3_000_000)
    assert list(tmp_path.iterdir()) == []


def test_an_announced_length_beyond_the_bound_is_refused_at_once(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send(DATA, length=3_000_001)
    with pytest.raises(InputError, match="has more than 3,000,000 bytes"):
        fetch(f"{server.address}/a.zip", tmp_path, max_bytes=3_000_000)


def test_a_table_is_bounded_without_being_asked(server: Server, tmp_path: Path) -> None:
    server.answers["/a.csv"] = send_for_ever
    with pytest.raises(InputError, match=r"a\.csv: has more than 100,000,000 bytes"):
        fetch(f"{server.address}/a.csv", tmp_path, "a.csv")


def test_a_server_that_drips_is_given_up(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WATCHED_SECONDS", 0.3)
    server.answers["/a.zip"] = drip
    with pytest.raises(InputError, match=r"a\.zip: sent \d+ bytes in 0 seconds, which is too slow for a dataset"):
        fetch(f"{server.address}/a.zip", tmp_path)
    assert (tmp_path / "a.zip.part").read_bytes().startswith(b"x")


def test_a_server_that_is_fast_enough_is_not_given_up(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WATCHED_SECONDS", 0.0)
    monkeypatch.setattr(module, "MIN_WATCHED_BYTES", 1)
    server.answers["/a.zip"] = send(DATA)
    assert fetch(f"{server.address}/a.zip", tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("length", ["abc", "-1", "1.5", "0x10", "9" * 5000, "10, 11", "²"])
def test_a_length_that_is_no_number_is_named(server: Server, tmp_path: Path, length: str) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", length)
        request.end_headers()

    server.answers["/a.zip"] = answer
    with pytest.raises(
        InputError, match=r"a\.zip: (announces a length of '.*', which is no number|.*Content-Length)"
    ):
        fetch(f"{server.address}/a.zip", tmp_path)


@pytest.mark.parametrize(
    "location", ["http://[::1", "http://[", "https://", "http://:x/", f"http://{'a' * 70}.b/", "file:///etc/passwd"]
)
def test_a_redirect_to_an_invalid_address_is_refused(server: Server, tmp_path: Path, location: str) -> None:
    server.answers["/a.zip"] = redirect(location)
    with pytest.raises(InputError, match=r"a\.zip: "):
        fetch(f"{server.address}/a.zip", tmp_path)


def test_a_redirect_is_followed_and_its_body_is_not_read(server: Server, tmp_path: Path) -> None:
    """Otherwise a body without end would fill the memory."""
    server.answers["/a.zip"] = redirect("/there/b.zip")

    def answer(request: BaseHTTPRequestHandler) -> None:
        redirect("/b.zip")(request)
        send_for_ever(request)

    server.answers["/there/b.zip"] = answer
    server.answers["/b.zip"] = send(DATA)
    assert fetch(f"{server.address}/a.zip", tmp_path).read_bytes() == DATA


def test_redirects_without_end_are_refused(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = redirect("/a.zip")
    with pytest.raises(InputError, match=r"a\.zip: redirects more than 10 times"):
        fetch(f"{server.address}/a.zip", tmp_path)


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with a certificate that this process trusts."""
    path = write_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    started = Server(path)
    yield started
    started.close()


@needs_openssl
def test_a_redirect_from_https_to_http_is_refused(secure: Server, server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send(DATA)
    secure.answers["/a.zip"] = redirect(f"{server.address}/a.zip")
    with pytest.raises(InputError, match=r"redirects from https to http://127.*, which is not encrypted"):
        fetch(f"{secure.address}/a.zip", tmp_path)
    assert server.ranges == []


@needs_openssl
def test_a_redirect_from_https_to_https_is_followed(secure: Server, tmp_path: Path) -> None:
    secure.answers["/a.zip"] = redirect("/b.zip")
    secure.answers["/b.zip"] = send(DATA)
    assert fetch(f"{secure.address}/a.zip", tmp_path / "new").read_bytes() == DATA


@pytest.mark.parametrize(
    "page",
    [b"", b"<html>a, b</html>", b"\n\n <!DOCTYPE html>\n<p>a, b", b'{"error": 1, "x": 2}', b"not found\n", DATA],
    ids=["empty", "page", "page after lines", "JSON", "words", "bytes"],
)
def test_a_page_in_place_of_a_table_is_refused(server: Server, tmp_path: Path, page: bytes) -> None:
    server.answers["/a.csv"] = send(page)
    with pytest.raises(
        InputError, match=r"a\.csv: is no table of several columns \(it begins with .*; it was removed"
    ):
        fetch(f"{server.address}/a.csv", tmp_path, "a.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("table", [b"image,dx\na,b\n", b"\xef\xbb\xbfimage,MEL\r\n", b'"image","x"\n'])
def test_a_table_is_taken(server: Server, tmp_path: Path, table: bytes) -> None:
    server.answers["/a.csv"] = send(table)
    assert fetch(f"{server.address}/a.csv", tmp_path, "a.csv").read_bytes() == table


@pytest.mark.parametrize("mirror", ["http://me:secret@{host}", "http://me:sec@ret@{host}", "http://secret@{host}"])
def test_credentials_of_a_mirror_are_neither_shown_nor_kept(server: Server, tmp_path: Path, mirror: str) -> None:
    host = server.address.removeprefix("http://")
    url = f"{mirror.format(host=host)}/a.zip"
    server.answers["/a.zip"] = send(DATA, length=len(DATA), stop_after=1000)
    with pytest.raises(InputError, match="no answer in 5 tries") as refused:
        fetch(url, tmp_path)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "secret" not in str(refused.value)
    assert "ret@" not in str(refused.value)
    assert b"ret@" not in kept
    server.answers["/a.zip"] = send(b"", status=404)
    with pytest.raises(InputError, match=rf"^http://…@{host}/a\.zip: 404"):
        fetch(url, tmp_path)
    assert hide_credentials("http://a:b@[::1/x: Invalid") == "http://…@[::1/x: Invalid"


def test_the_list_of_dataverse_is_bounded(server: Server) -> None:
    server.answers["/api/datasets/:persistentId/"] = send_for_ever
    with pytest.raises(InputError, match=f"sends more than {MAX_LIST_BYTES:,} bytes, too many for a list of files"):
        read_dataverse("doi:1", server.address)


def test_dataverse_cannot_name_a_file_elsewhere(server: Server) -> None:
    entry = '{"label": "HAM10000_images_part_1/../../x", "dataFile": {"id": 1}}'
    listed = f'{{"data": {{"latestVersion": {{"files": [{entry}]}}}}}}'
    server.answers["/api/datasets/:persistentId/"] = send(listed.encode())
    with pytest.raises(InputError, match="lists nothing of doi:1, expected 3 files"):
        read_dataverse("doi:1", server.address)


FETCH = """
import sys
from lesions.command_line.app import app
app()
"""


@needs_small_disk
def test_a_full_disk_is_named_and_what_arrived_stays(server: Server, tmp_path: Path) -> None:
    """The server names no length, so that the room cannot be checked before."""
    server.answers["/ISIC2018_Task3_Test_GroundTruth.zip"] = send_for_ever
    command = [
        sys.executable,
        "-c",
        FETCH,
        "fetch",
        "isic2018_test",
        "--into",
        "small/raw",
        "--mirror",
        server.address,
    ]
    done = run_on_small_disk(tmp_path, "2m", "sh", "-c", '"$@"; echo exits with $?; ls -A small/*', "sh", *command)
    assert "exits with 1" in done.stdout
    assert "ISIC2018_Task3_Test_GroundTruth.zip.part\n" in done.stdout
    assert done.stderr.startswith("error: ")
    assert "GroundTruth.zip.part: No space left on device; its " in done.stderr
    assert "bytes stay: make room, and the same command continues from there" in done.stderr
