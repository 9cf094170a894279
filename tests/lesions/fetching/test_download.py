"""A file arrives whole from a server that behaves as badly as servers do, or is refused by name."""

import hashlib
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from rich.progress import Progress

from lesions.errors import InputError
from lesions.fetching.catalogue import Digest, RemoteFile
from lesions.fetching.download import download_file, read_wait, remove_download
from tests.server import DATA, VERSION, Server, send, send_ranges


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
    assert sorted(path.parent.iterdir()) == [path, path.with_name("a.zip.part.from")]


def test_a_dropped_download_continues_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send_ranges(DATA, at_once=200_000)
    assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.ranges == [None, *(f"bytes={n * 200_000}-" for n in range(1, 6))]


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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "a.zip.part.from"]


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
    server.answers["/a.zip"] = send(DATA)
    for _ in range(2):
        assert fetch(server, tmp_path).read_bytes() == DATA
    assert server.ranges == [None]


@pytest.mark.parametrize("name", ["a.zip", "a.zip.part"])
def test_a_file_that_was_not_downloaded_is_neither_taken_nor_replaced(
    server: Server, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(InputError, match=rf"{name}: is there already, and was not downloaded; move it away"):
        fetch(server, tmp_path)
    assert (tmp_path / name).read_bytes() == b"mine"
    remove_download(RemoteFile("", "a.zip"), tmp_path)
    assert (tmp_path / name).read_bytes() == b"mine"


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


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_may_have_the_file_later_is_asked_again(server: Server, tmp_path: Path, status: int) -> None:
    answers = iter([send(b"", status=status), send(DATA)])
    server.answers["/a.zip"] = lambda request: next(answers)(request)
    assert fetch(server, tmp_path).read_bytes() == DATA


def test_a_server_that_stays_busy_is_given_up_with_its_answer(server: Server, tmp_path: Path) -> None:
    server.answers["/a.zip"] = send(b"", status=429)
    with pytest.raises(InputError, match=r"a\.zip: no answer in 5 tries \(429 Too Many Requests\); 0 bytes are in"):
        fetch(server, tmp_path)
    assert len(server.ranges) == 5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *[("", 0), ("0", 0), ("7", 7), ("86400", 120), ("9" * 5000, 0), ("-1", 0), ("1e3", 0), ("²", 0)],
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0),
    ],
)
def test_a_server_is_granted_the_wait_that_it_asks_for_up_to_a_limit(header: str, seconds: float) -> None:
    assert read_wait(header) == seconds


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
        fetch(server, tmp_path, max_bytes=10**18)
