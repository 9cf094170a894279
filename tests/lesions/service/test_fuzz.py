"""Thousands of malformed uploads: no failure of the service, no stall, no growth."""

import io
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from tests.services import BOUNDARY, MULTIPART, Service, build_body, send_raw

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
EXPECTED = {200, 408, 413, 415, 422}


def draw_images() -> list[bytes]:
    """Return an image of each format that is read, and a progressive JPEG."""
    picture = Image.effect_noise((40, 30), 60).convert("RGB")
    drawn = []
    for kind, options in [*((kind, {}) for kind in FORMATS), ("JPEG", {"progressive": True})]:
        buffer = io.BytesIO()
        picture.save(buffer, kind, **options)
        drawn.append(buffer.getvalue())
    return drawn


def damage(data: bytes, generator: random.Random) -> bytes:
    """Return bytes with a few of them changed, removed, repeated or cut off."""
    damaged = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 5, 20))):
        at = (
            generator.randrange(len(damaged) + 1)
            if generator.random() < 0.5
            else generator.randrange(min(200, len(damaged)) + 1)
        )
        match generator.randrange(5):
            case 0:
                damaged[at : at + 1] = generator.randbytes(1)
            case 1:
                damaged[at : at + 4] = generator.choice(
                    (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff")
                )
            case 2:
                del damaged[at : at + generator.randrange(1, 50)]
            case 3:
                damaged[at:at] = damaged[at : at + generator.randrange(1, 50)]
            case 4:
                del damaged[max(at, 1) :]
    return bytes(damaged)


def send_damaged(service: Service, num_uploads: int, seed: int) -> Counter[int]:
    """Send damaged images in whole bodies, and whole images in damaged bodies, and count the statuses."""
    generator, images = random.Random(seed), draw_images()  # noqa: S311
    statuses: Counter[int] = Counter()
    for at in range(num_uploads):
        image = generator.choice(images)
        path = generator.choice(("/predict", "/predict", "/explain"))
        if at % 3:
            body = build_body(("a", damage(image, generator)))
        else:
            body = damage(build_body(("a", image), lesion="true"), generator)
        kind = MULTIPART if at % 10 else damage(MULTIPART.encode(), generator).decode("latin-1")
        kind = "".join(each for each in kind if each.isprintable()).strip()
        reply = service.ask("POST", path, body, kind=kind)
        assert reply.status in EXPECTED, (seed, at, reply.body)
        assert reply.status == 200 or reply.reason
        statuses[reply.status] += 1
    return statuses


def draw_bomb(side: int) -> bytes:
    """Return a small PNG of many pixels."""
    buffer = io.BytesIO()
    Image.new("L", (side, side)).save(buffer, "PNG")
    return buffer.getvalue()


def send_hostile(service: Service, num_rounds: int, bomb: bytes) -> Counter[int]:
    """Send six uploads per round: a bomb, other types, a huge header, many parts, and a body that stays away."""
    statuses: Counter[int] = Counter()
    image = draw_images()[0]
    for _ in range(num_rounds):
        late = service.begin(build_body(("late.jpg", image)), 20)
        for reply in (
            service.predict(("bomb.png", bomb)),
            service.ask("POST", "/predict", image, kind="image/jpeg"),
            service.ask("POST", "/predict", b"[" * 10_000, kind="application/json"),
            service.ask("POST", "/predict", build_body(**{f"f{at}": "" for at in range(500)})),
        ):
            assert reply.reason
            statuses[reply.status] += 1
        head = b"POST /predict HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 200_000 + b"\r\n\r\n"
        assert send_raw(service.address, head)[:12] in (b"", b"HTTP/1.1 400")
        late.close()
    return statuses


def read_resident_bytes(service: Service) -> float:
    lines = service.ask("GET", "/metrics").body.decode().splitlines()
    return float(next(line for line in lines if line.startswith("process_resident_memory_bytes ")).split()[1])


def test_damaged_uploads_are_refused_or_answered(model: Path, images: dict[str, bytes]) -> None:
    service = Service(model)
    statuses = send_damaged(service, 600, seed=0)
    assert statuses[200] > 20
    assert statuses[422] > 20
    assert service.predict(("red.png", images["red.png"])).status == 200
    # Warnings are errors in this process: it would have said what was left open, or quoted by a library.
    assert service.stop() == (0, "")


@pytest.mark.slow
def test_ten_thousand_damaged_uploads_leave_memory_as_it_was(model: Path) -> None:
    service = Service(model)
    bomb, highest = draw_bomb(20_000), []
    # The second half repeats the first, so that it decodes no larger image.
    for seeds in (range(5), range(5)):
        resident = []
        for seed in seeds:
            send_damaged(service, 880, seed)
            assert send_hostile(service, 20, bomb) == {413: 20, 415: 40, 422: 20}
            resident.append(read_resident_bytes(service))
        highest.append(max(resident))
    assert highest[1] < 1.05 * highest[0]
    exit_code, printed = service.stop()
    assert (exit_code, {*printed.splitlines()}) == (0, {"Invalid HTTP request received."})


@pytest.mark.slow
def test_schemathesis_finds_no_failure(service: Service, tmp_path: Path) -> None:
    pytest.importorskip("schemathesis", reason="needs schemathesis, which is not installed")
    url = "http://{}:{}/openapi.json".format(*service.address)
    options = ["--phases", "examples,coverage,fuzzing", "--max-examples", "60", "--seed", "1", "--no-color"]
    checks = [
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", url, *options, *checks],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_body_may_come_in_any_pieces(service: Service, images: dict[str, bytes]) -> None:
    body = build_body(("red.png", images["red.png"]), lesion="true")
    assert BOUNDARY.encode() in body
    for size in (1, 7, len(body) - 1):
        pieces = (body[first : first + size] for first in range(0, len(body), size))
        reply = service.ask("POST", "/predict", pieces)  # type: ignore[arg-type] # sent in chunks
        assert (reply.status, reply.json["lesion"]["diagnosis"]) == (200, "melanoma")
