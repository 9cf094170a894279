"""Tests of downloading, against a local server that misbehaves as real ones do."""

import hashlib
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.progress import Progress

from lesions.datasets.registry import PUBLISHED
from lesions.errors import InputError
from lesions.fetching import download as module
from lesions.fetching.catalogue import CATALOGUE, Digest, RemoteFile, list_files, read_dataverse
from lesions.fetching.download import download_file
from lesions.fetching.fetch import fetch_dataset

DATA = bytes(range(256)) * 4096
"""A megabyte."""

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A server with one answer per path, which records the requested ranges."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.ranges: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.ranges.append(self.headers.get("Range"))
                server.answers[self.path.partition("?")[0]](self)

            def log_message(self, *_: object) -> None:
                pass

        class Http(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Print nothing when the client hangs up."""

        self._http = Http(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.0)
    started = Server()
    yield started
    started.close()


VERSION = '"1"'


def send(
    data: bytes,
    *,
    status: int = 200,
    length: int | None = None,
    stop_after: int | None = None,
    version: str | None = VERSION,
    content_range: str | None = None,
) -> Answer:
    """Return an answer that announces `length` bytes, sends `data`, and hangs up after `stop_after` bytes."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(data) if length is None else length))
        if version is not None:
            request.send_header("ETag", version)
        if content_range is not None:
            request.send_header("Content-Range", content_range)
        request.end_headers()
        request.wfile.write(data[:stop_after])

    return answer


def send_ranges(data: bytes, *, at_once: int) -> Answer:
    """Return the answer of a server that supports ranges, and hangs up after `at_once` bytes each time."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range") if request.headers.get("If-Range") == VERSION else None
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if start >= len(data):
            return send(b"", status=416, content_range=f"bytes */{len(data)}")(request)
        return send(data[start:], status=206 if asked else 200, stop_after=at_once)(request)

    return answer


def fetch(server: Server, folder: Path, **published: object) -> Path:
    file = RemoteFile(f"{server.address}/a.zip", "a.zip", **published)  # type: ignore[arg-type]
    with Progress(disable=True) as progress:
        return download_file(file, folder, progress)


def begin(server: Server, folder: Path, data: bytes, *, version: str = VERSION, file: str = "a.zip") -> None:
    """Write the files that an interrupted download leaves."""
    (folder / "a.zip.part").write_bytes(data)
    (folder / "a.zip.part.from").write_text(f"{server.address}/{file}\n{version}")


def test_a_file_arrives_whole(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send(DATA)
    digest = Digest("md5", hashlib.md5(DATA, usedforsecurity=False).hexdigest())
    path = fetch(server, tmp_path / "new", size_bytes=len(DATA), digest=digest)
    assert path.read_bytes() == DATA
    assert list(path.parent.iterdir()) == [path]


def test_a_dropped_download_continues_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send_ranges(DATA, at_once=200_000)
    assert fetch(server, tmp_path).read_bytes() == DATA
    # Each answer sends 200,000 bytes, of which three complete chunks are kept.
    assert server.ranges == [None, *(f"bytes={n * 3 * 65_536}-" for n in range(1, 6))]


def test_a_part_of_an_earlier_call_is_resumed(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send_ranges(DATA, at_once=len(DATA))
    begin(server, tmp_path, DATA[:1000])
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.ranges == ["bytes=1000-"]


def test_a_complete_part_is_not_downloaded_again(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send_ranges(DATA, at_once=len(DATA))
    begin(server, tmp_path, DATA)
    digest = Digest("md5", hashlib.md5(DATA, usedforsecurity=False).hexdigest())
    assert fetch(server, tmp_path, size_bytes=len(DATA), digest=digest).read_bytes() == DATA
    assert server.ranges == [f"bytes={len(DATA)}-"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize(
    "origin", [{"version": '"0"'}, {"version": ""}, {"file": "b.zip"}], ids=["older", "unknown", "elsewhere"]
)
def test_a_part_that_may_belong_to_another_file_is_not_resumed(
    server: Server, tmp_path: Path, origin: dict[str, str]
) -> None:
    server.answers["/a.zip"] = send_ranges(DATA, at_once=len(DATA))
    begin(server, tmp_path, b"x" * 1000, **origin)
    assert fetch(server, tmp_path).read_bytes() == DATA


def test_a_complete_file_is_not_downloaded_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(DATA)
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.ranges == []


def test_an_invalid_address_is_named(server: Server, tmp_path: Path) -> None:
    file = RemoteFile("localhost/a.zip", "a.zip")
    with pytest.raises(InputError, match=r"localhost/a\.zip: Invalid URL"), Progress(disable=True) as progress:
        download_file(file, tmp_path, progress)


def test_without_ranges_the_download_starts_again(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send(DATA)
    begin(server, tmp_path, b"x" * 1000)
    assert fetch(server, tmp_path).read_bytes() == DATA


def test_a_part_larger_than_the_file_is_discarded(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send_ranges(DATA, at_once=len(DATA))
    begin(server, tmp_path, b"x" * (len(DATA) + 1))
    assert fetch(server, tmp_path).read_bytes() == DATA


def test_after_five_tries_the_download_stops_and_keeps_its_part(server: Server, tmp_path: Path) -> None:
    begin(server, tmp_path, DATA[:1000])
    server.answers["/a.zip"] = lambda request: None  # hangs up without a word
    with pytest.raises(InputError, match=r"no answer in 5 tries .*1,000 bytes are in .*a\.zip\.part, and the same"):
        fetch(server, tmp_path)
    assert (tmp_path / "a.zip.part").read_bytes() == DATA[:1000]
    assert len(server.ranges) == 5


def test_a_server_error_is_tried_again(server: Server, tmp_path: Path) -> None:
    answers = iter([send(b"", status=503), send(DATA)])
    server.answers["/a.zip"] = lambda request: next(answers)(request)
    assert fetch(server, tmp_path).read_bytes() == DATA


def test_a_missing_file_is_not_tried_again(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send(b"", status=404)
    with pytest.raises(InputError, match=r"a\.zip: 404 Not Found; is the file still there\?"):
        fetch(server, tmp_path)
    assert len(server.ranges) == 1


def test_an_announced_size_that_differs_from_the_published_one_is_refused(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send(DATA)
    with pytest.raises(InputError, match=r"has 1,048,576 bytes, but 1,000 are published"):
        fetch(server, tmp_path, size_bytes=1000)


def test_a_server_that_sends_too_much_is_cut_off(server: Server, tmp_path: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(DATA * 4)

    server.answers["/a.zip"] = answer
    with pytest.raises(InputError, match="sends more than the 1,000 bytes that it should have"):
        fetch(server, tmp_path, size_bytes=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_another_checksum_is_removed(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send(DATA)
    with pytest.raises(InputError, match=r"has the md5 .*, but 00 is published; it was removed"):
        fetch(server, tmp_path, digest=Digest("md5", "00"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_larger_than_the_disk_is_refused(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send(b"", length=10**17)
    with pytest.raises(InputError, match=r"a\.zip takes 100000000\.0 GB in .*, where .* GB are free"):
        fetch(server, tmp_path)


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
def test_the_fetched_files_include_the_tables_that_the_adapter_reads(name: str) -> None:
    products = {file.unpacked or file.name for file in CATALOGUE[name].files}
    tables = {str(table).split("/")[0] for table in PUBLISHED[name].tables}
    assert tables <= products or products == {"."}


def test_the_program_fetches_resumes_and_reports(server: Server, tmp_path: Path) -> None:
    """Run the program twice; the second run fetches only the archive that the first one refused."""
    archives = {}
    for name, inside in (("Test_GroundTruth", "Test_GroundTruth.csv"), ("Test_Input", "ISIC_1.jpg")):
        with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
            archive.writestr(f"ISIC2018_Task3_{name}/{inside}", "x")
        archives[name] = (tmp_path / "made.zip").read_bytes()
        server.answers[f"/ISIC2018_Task3_{name}.zip"] = send(archives[name])
    server.answers["/ISIC2018_Task3_Test_Input.zip"] = send(archives["Test_Input"][:-30])
    command = [sys.executable, "-c", "from lesions.command_line.app import app; app()", "fetch", "isic2018_test"]
    command += ["--mirror", server.address, "--into", str(tmp_path / "raw")]

    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 1
    assert "licence  CC BY-NC 4.0" in first.stdout
    assert "Codella et al. (2019)" in first.stdout
    assert "not a complete zip archive" in first.stderr
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["ISIC2018_Task3_Test_GroundTruth"]

    server.answers["/ISIC2018_Task3_Test_Input.zip"] = send(archives["Test_Input"])
    second = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "ISIC2018_Task3_Test_GroundTruth is there already" in second.stdout
    assert f"dvc add {tmp_path / 'raw'}" in second.stdout
    assert (tmp_path / "raw/ISIC2018_Task3_Test_Input/ISIC_1.jpg").read_text() == "x"
    assert not (tmp_path / "raw.download").exists()


def test_an_unknown_dataset_is_refused_with_the_known_names() -> None:
    with pytest.raises(
        InputError, match="there is no dataset 'ham' to fetch; there are ham10000, pad_ufes_20, isic2019"
    ):
        fetch_dataset("ham", Path("x"), None)
