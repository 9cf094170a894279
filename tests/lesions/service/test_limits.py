"""Every limit of a service: its status, its reason, and that the next request is answered."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from lesions.errors import InputError
from lesions.service.settings import Settings, read_token
from tests.served import write_model
from tests.services import Service, build_body

MAX_BYTES = 100_000

OPTIONS = [
    *("--max-megabytes", "0.1", "--max-files", "2", "--max-waiting", "3", "--max-seconds", "3"),
    *("--max-megapixels", "0.01"),
]


@pytest.fixture(scope="module")
def small(model: Path) -> Iterator[Service]:
    """A service with narrow limits."""
    running = Service(model, options=OPTIONS)
    yield running
    running.kill()


@pytest.fixture
def red(images: dict[str, bytes]) -> tuple[str, bytes]:
    return "red.png", images["red.png"]


def test_a_body_that_says_it_is_too_large_is_refused(small: Service, red: tuple[str, bytes]) -> None:
    body = build_body(("a.png", bytes(MAX_BYTES)))
    refused = small.ask("POST", "/predict", body)
    assert (refused.status, refused.reason) == (413, "the request has more than 100,000 bytes")
    # It is not waited for: the answer comes to a head alone.
    begun = small.begin(body, 0)
    begun.close()
    assert small.predict(red).status == 200


def test_a_body_that_does_not_say_its_size_is_counted(small: Service, red: tuple[str, bytes]) -> None:
    body = build_body(("a.png", bytes(50 * MAX_BYTES)))
    pieces = (body[first : first + 30_000] for first in range(0, len(body), 30_000))
    refused = small.ask("POST", "/predict", pieces)  # type: ignore[arg-type] # sent in chunks, without a length
    assert (refused.status, refused.reason) == (413, "the request has more than 100,000 bytes")
    assert small.predict(red).status == 200


def test_a_client_that_asks_first_is_told_before_it_sends(small: Service) -> None:
    refused = small.ask(
        "POST", "/predict", b"", headers={"Expect": "100-continue", "Content-Length": str(2 * MAX_BYTES)}
    )
    assert (refused.status, refused.headers["connection"]) == (413, "close")


def test_too_many_files_are_refused(small: Service, red: tuple[str, bytes]) -> None:
    assert small.predict(red, red, lesion="true").status == 200
    refused = small.predict(red, red, red)
    assert (refused.status, refused.reason) == (413, "the request has more than 2 images")
    refused = small.predict(red, red, red, red)
    assert (refused.status, refused.reason) == (413, "the request has more than 3 parts")
    refused = small.predict(red, red, path="/explain")
    assert (refused.status, refused.reason) == (413, "the request has more than 1 parts")


def test_thousands_of_parts_are_refused(small: Service) -> None:
    refused = small.ask("POST", "/predict", build_body(**{f"f{at}": "" for at in range(1000)}))
    assert (refused.status, refused.reason) == (413, "the request has more than 3 parts")


def test_too_many_pixels_are_refused_before_they_are_decoded(small: Service, red: tuple[str, bytes]) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (101, 100), "red").save(buffer, "PNG")
    whole = buffer.getvalue()
    for data in (whole, whole[:60]):  # the second has no pixels that could be decoded
        refused = small.predict(("large.png", data))
        assert refused.status == 422
        assert refused.reason.startswith("101 × 100 pixels are more than the 0.01 megapixels")
        assert refused.json["answers"][0]["status"] == "refused"
    assert [each["status"] for each in small.predict(red, ("large.png", whole)).json["answers"]] == ["ok", "refused"]


def test_only_so_many_requests_are_under_way(small: Service, red: tuple[str, bytes]) -> None:
    body = build_body(red)
    begun = [small.begin(body, 10) for _ in range(3)]
    small.wait_for("lesions_requests_held 3.0")
    assert small.ask("GET", "/health").status == 200
    refused = small.predict(red)
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert refused.reason == "3 requests are under way, which is all that this service takes"
    assert [each.finish().status for each in begun] == [200] * 3
    assert small.predict(red).status == 200


@pytest.mark.slow
def test_a_body_that_comes_too_slowly_is_refused(small: Service, red: tuple[str, bytes]) -> None:
    refused = small.begin(build_body(red), 10).read()
    assert (refused.status, refused.headers["connection"]) == (408, "close")
    assert refused.reason == "the request took more than 3 s to arrive"
    assert small.predict(red).status == 200


def test_a_client_that_hangs_up_makes_room(small: Service, red: tuple[str, bytes]) -> None:
    for _ in range(20):
        small.begin(build_body(red), 10).close()
    for _ in range(50):
        if small.predict(red).status == 200:
            return
    pytest.fail("there is no room")


def test_slow_networks_and_full_queues_are_said(tmp_path: Path, red: tuple[str, bytes]) -> None:
    slow = write_model(tmp_path / "slow.onnx", num_products=400)
    service = Service(
        slow, options=["--max-waiting", "2", "--max-files", "2", "--max-seconds", "2", "--threads", "1"]
    )
    late = service.begin(build_body(red, red), len(build_body(red, red)))
    service.wait_for("lesions_images_waiting 2.0")
    refused = service.predict(red)
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert refused.reason == "2 images wait, and this service takes 2 at most"
    given_up = late.read()
    assert (given_up.status, given_up.headers["retry-after"]) == (503, "5")
    assert given_up.reason == "the answer took more than 2 s"
    assert "lesions_images_waiting 0.0" in service.ask("GET", "/metrics").body.decode()
    service.kill()


def test_bytes_of_all_requests_are_bounded(model: Path, red: tuple[str, bytes]) -> None:
    service = Service(model, options=["--max-megabytes", "0.1"])
    large = build_body(("a.png", bytes(90_000)))
    begun = [service.begin(large, len(large) - 5) for _ in range(8)]
    service.wait_for("lesions_requests_held 8.0")
    refused = service.ask("POST", "/predict", large)
    assert refused.status == 429
    assert refused.reason == "the requests under way hold all the memory that they may; send this one again"
    assert {each.finish().status for each in begun} == {415}
    assert service.ask("POST", "/predict", large).status == 415
    assert "lesions_bytes_held 0.0" in service.ask("GET", "/metrics").body.decode()
    service.stop()


def test_a_queue_that_no_full_request_fits_is_refused() -> None:
    with pytest.raises(InputError, match="--max-waiting: 4 is less than the 5 images"):
        Settings(max_files=5, max_waiting=4)


@pytest.mark.parametrize(
    "token", ["", "short", "with a space in it", "with-an-ümlaut-in-it", "with-a-line\nfeed-in-it"]
)
def test_a_weak_token_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="LESIONS_TOKEN: expected at least 16 ASCII characters without spaces"):
        read_token({"LESIONS_TOKEN": token})


def test_without_a_token_everybody_is_answered() -> None:
    assert read_token({}) is None


def test_a_token_is_asked_for(model: Path, red: tuple[str, bytes]) -> None:
    token = "0123456789abcdef"  # noqa: S105, of this test
    service = Service(model, token=token)
    for path in ("/predict", "/explain", "/model", "/metrics", "/nothing", "/page"):
        for given in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": token},
            {"Authorization": f"bearer ü{token}"},
        ):
            refused = service.ask("GET", path, headers=given)
            assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert "Authorization: Bearer <token>" in refused.reason
    assert {service.ask("GET", path).status for path in ("/health", "/ready", "/openapi.json")} == {200}
    refused = service.ask("POST", "/predict", build_body(red))
    assert refused.status == 401
    assert (
        service.ask("POST", "/predict", build_body(red), headers={"Authorization": f"Bearer {token}"}).status == 200
    )
    service.stop()
