"""Uploads that are malformed, and that nothing is written to the disk or logged."""

import os
import random
import socket
import struct
import zlib
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client.utils import floatToGoString

from tests.services import BOUNDARY, MULTIPART, Service, build_body, send_raw

START = f"--{BOUNDARY}\r\nContent-Disposition: form-data".encode()
END = f"\r\n--{BOUNDARY}--\r\n".encode()


@pytest.mark.parametrize(
    ("kind", "body", "status", "reason"),
    [
        ("application/json", b"{}", 415, "expected a body of the type multipart/form-data"),
        ("", b"", 415, "expected a body of the type multipart/form-data"),
        ("image/png", b"\x89PNG", 415, "expected a body of the type multipart/form-data"),
        ("multipart/mixed; boundary=x", b"", 415, "expected a body of the type multipart/form-data"),
        ("multipart/form-data", b"", 422, "the multipart body is malformed: Missing boundary"),
        (f"multipart/form-data; boundary={'x' * 300}", b"", 422, "the multipart body is malformed"),
        (MULTIPART, b"no boundary", 422, "the multipart body is malformed: Invalid multipart data."),
        (MULTIPART, b"", 422, "the multipart body is cut short"),
        (MULTIPART, START + b'; name="files"; filename="a.png"\r\n\r\nabc', 422, "the multipart body is cut short"),
        (MULTIPART, START + b"\r\n\r\nabc" + END, 422, 'is malformed: The Content-Disposition header'),
        (MULTIPART, START + b'; name="files"\r\n\r\nabc' + END, 422, "a part files has no file name"),
        (MULTIPART, START + b'; name="lesion"\r\n\r\nmaybe' + END, 422, "the part lesion is 'maybe'; expected true"),
        (MULTIPART, START + b'; name="lesion"; filename="a"\r\n\r\ntrue' + END, 422, "the part lesion is a file"),
        (MULTIPART, START + b'; name="image"; filename="a"\r\n\r\nx' + END, 422, "the request has a part 'image'"),
        (MULTIPART, START + b'; name="lesion"\r\n\r\ntrue' + END, 422, "the request has no image"),
        (MULTIPART, 2 * (START + b'; name="lesion"\r\n\r\nfalse\r\n') + END[2:], 422, "several parts lesion;"),
        (MULTIPART, END[2:], 422, "the request has no image"),
        (MULTIPART, START + b'; name="x"\r\n\r\n' + bytes(200) + END, 422, "the multipart body is malformed: Part"),
        (MULTIPART, START + b"; a=" + b"b" * 100_000 + b"\r\n\r\nx" + END, 422, "the multipart body is malformed"),
        (MULTIPART + "; charset=undefined", START + b'; name="\xff"\r\n\r\nx' + END, 422, "a text is not in the"),
        (MULTIPART + "; charset=punycode", START + b'; name="\xff-\xe9"\r\n\r\nx' + END, 422, ""),
    ],
)  # fmt: skip
def test_a_malformed_upload_is_refused_with_a_reason(
    service: Service, kind: str, body: bytes, status: int, reason: str
) -> None:
    refused = service.ask("POST", "/predict", body, kind=kind)
    assert refused.status == status
    assert reason in refused.reason


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("text.jpg", 415, "not an image"),
        ("empty.png", 415, "the file is empty (0 bytes)"),
        ("cut.png", 422, "broken image: image file is truncated"),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_request_none_of_whose_images_is_read_is_refused_and_still_answered(
    service: Service, images: dict[str, bytes], path: str, name: str, status: int, reason: str
) -> None:
    refused = service.predict((name, images[name]), path=path)
    assert (refused.status, refused.reason) == (status, reason)
    answer = refused.json["answers"][0] if path == "/predict" else refused.json["answer"]
    assert (answer["file"], answer["status"], answer["reason"]) == (name, "refused", reason)


def test_a_lesion_of_refused_images_is_refused(service: Service, images: dict[str, bytes]) -> None:
    refused = service.predict(("a", images["text.jpg"]), ("b", images["cut.png"]), lesion="true")
    assert (refused.status, refused.reason) == (422, "not an image")
    assert (refused.json["lesion"]["status"], refused.json["lesion"]["num_refused"]) == ("refused", 2)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/predict", 405), ("PUT", "/predict", 405), ("POST", "/model", 405), ("GET", "/nothing", 404),
     ("POST", "/predict/", 404), ("GET", "/model/", 404),
     ("GET", "/page/../app.py", 404), ("GET", "/page/%2e%2e%2fapp.py", 404), ("GET", "/page/app.py", 404)],
)  # fmt: skip
def test_what_there_is_not_is_said(service: Service, method: str, path: str, status: int) -> None:
    refused = service.ask(method, path)
    assert (refused.status, bool(refused.reason)) == (status, True)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("lesion=true", "the address has an option 'lesion'; expected model or none"),
        ("model=x&min_confidence", "the address has an option 'min_confidence'; expected model or none"),
        ("model=x&model=y", "the address names more than one model"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(
    service: Service, images: dict[str, bytes], options: str, reason: str
) -> None:
    for refused in (
        service.predict(("red.png", images["red.png"]), path=f"/predict?{options}"),
        service.predict(("red.png", images["red.png"]), path=f"/explain?{options}"),
        service.ask("GET", f"/model?{options}"),
    ):
        assert (refused.status, refused.reason) == (422, reason)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 1000,
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % at for at in range(20_000)) + b"\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["zeros", "huge header", "many headers", "negative length", "two lengths", "broken chunk"],
)
def test_what_is_no_request_is_refused(service: Service, images: dict[str, bytes], data: bytes) -> None:
    received = send_raw(service.address, data)
    assert received[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 415")
    assert service.predict(("red.png", images["red.png"])).status == 200


def test_a_length_of_a_thousand_digits_is_refused(service: Service) -> None:
    data = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 1000 + b"\r\n\r\n"
    assert send_raw(service.address, data)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 413")


@pytest.mark.slow
def test_a_head_that_never_ends_is_not_waited_for(service: Service) -> None:
    begun = (b"", b"GET /health HTT", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /hea")
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(service.address, timeout=60)) for _ in begun]
        for connection, data in zip(connections, begun, strict=True):
            connection.sendall(data)
        for connection, data in zip(connections, begun, strict=True):
            received = b""
            while piece := connection.recv(65536):  # ends when the service hangs up
                received += piece
            assert received.count(b"HTTP/1.1 200") == data.count(b"\r\n\r\n")


def test_nothing_is_written_to_the_disk(model: Path, tmp_path: Path) -> None:
    # Without a folder for temporary files, whoever wants one fails.
    service = Service(model, TMPDIR=str(tmp_path / "missing"), HOME=str(tmp_path))
    body = build_body(("large.png", draw_noise(1500)))
    assert len(body) > 6_000_000
    begun = service.begin(body, len(body) - 100)
    service.wait_for(f"lesions_bytes_held {floatToGoString(len(body) - 100)}")
    assert list_written(service.process.pid) == []
    assert begun.finish().status == 200
    assert list_written(service.process.pid) == []
    assert [*tmp_path.iterdir()] == []
    assert service.stop()[0] == 0


def draw_noise(side: int) -> bytes:
    """Return a PNG of noise, which takes as many bytes as it has samples."""
    rows = b"".join(b"\0" + random.Random(at).randbytes(3 * side) for at in range(side))  # noqa: S311
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    ]
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def list_written(pid: int) -> list[str]:
    """Return the regular files that a process has open to write into."""
    written = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        target = str(link.readlink())
        flags = int((Path(f"/proc/{pid}/fdinfo") / link.name).read_text().split("flags:")[1].split()[0], 8)
        if target.startswith("/") and not target.startswith("/dev/") and flags & os.O_ACCMODE != os.O_RDONLY:
            written.append(target)
    return written
