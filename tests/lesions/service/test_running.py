"""How a service starts, stops, and what it writes meanwhile."""

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest

from lesions.command_line.serve import is_loopback
from lesions.errors import InputError
from lesions.service.running import listen
from tests.builders import ROOT
from tests.services import PROGRAM, Reply, Service, build_body

EVERYWHERE = "0.0.0.0"  # noqa: S104, what is tested


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_what_was_taken_and_takes_nothing_new(
    model: Path, images: dict[str, bytes], sent: signal.Signals
) -> None:
    service = Service(model)
    body = build_body(("red.png", images["red.png"]))
    begun = [service.begin(body, 20) for _ in range(3)]
    service.wait_for("lesions_requests_held 3.0")
    service.process.send_signal(sent)
    with pytest.raises((ConnectionRefusedError, ConnectionResetError)):
        while True:
            service.ask("GET", "/health")
    replies = [each.finish() for each in begun]
    assert [(each.status, each.json["answers"][0]["diagnosis"]) for each in replies] == [(200, "melanoma")] * 3
    output, errors = service.process.communicate(timeout=60)
    assert (service.process.returncode, output, errors) == (0, b"", b"")


def test_a_kill_under_load_breaks_no_answer(model: Path, images: dict[str, bytes]) -> None:
    service = Service(model)
    expected = service.predict(("red.png", images["red.png"])).json["answers"][0]["diagnosis"]

    def ask(_: int) -> Reply | None:
        try:
            return service.predict(("red.png", images["red.png"]))
        except (OSError, HTTPException):  # no whole answer
            return None

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(ask, at) for at in range(200)]
        asked[50].result()
        service.kill()
        replies = [each.result() for each in asked]
    answered = [reply for reply in replies if reply is not None]
    assert 50 <= len(answered) < 200
    assert {reply.json["answers"][0]["diagnosis"] for reply in answered} == {expected}


def test_nothing_that_was_sent_is_logged(model: Path, images: dict[str, bytes]) -> None:
    service = Service(model)
    for name in ("red.png", "cut.png", "text.jpg"):
        service.predict((f"patient-4711-{name}", images[name]), lesion="true")
    service.predict(("patient-4711", images["red.png"]), path="/explain?model=patient-4711")
    service.ask("GET", "/patient-4711?name=patient-4711")
    service.ask("POST", "/predict", b"patient-4711")
    code, written = service.stop()
    assert (code, written) == (0, "")
    assert (
        service.announced == f"{service.announced.partition(' at ')[0]} at http://127.0.0.1:{service.address[1]}/\n"
    )


def test_what_is_unexpected_is_logged_without_its_message(model: Path, images: dict[str, bytes]) -> None:
    # A fault is planted into the process: its message quotes a file name, as any library's may.
    planted = (
        "import lesions.service.answering as a\n"
        "def fail(row): raise RuntimeError('patient-4711')\n"
        "a.make_row = fail\n"
    )
    service = Service(model, before=planted)
    reply = service.predict(("patient-4711", images["red.png"]))
    assert (reply.status, reply.reason) == (500, "something failed in the service, which its log names")
    code, written = service.stop()
    assert code == 0
    assert "RuntimeError at <string>:" in written
    assert "patient" not in written


def test_a_failing_network_is_said_and_the_next_request_is_answered(model: Path, images: dict[str, bytes]) -> None:
    planted = (
        "import lesions.serving.session as s\n"
        "from lesions.errors import InputError\n"
        "whole, calls = s.Network.run, []\n"
        "def run(self, *a, **b):\n"
        "    calls.append(1)\n"
        "    if len(calls) == 1: raise MemoryError\n"
        "    if len(calls) == 2: raise InputError('onnxruntime failed')\n"
        "    return whole(self, *a, **b)\n"
        "s.Network.run = run\n"
    )
    service = Service(model, before=planted)
    replies = [service.predict(("red.png", images["red.png"])) for _ in range(3)]
    assert [reply.status for reply in replies] == [503, 503, 200]
    assert replies[0].reason == replies[1].reason == "the network failed on this request"
    service.stop()


def test_a_port_that_is_taken_is_said(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"--host 127.0.0.1 --port {port}: cannot listen there: Address already"):
            listen("127.0.0.1", port)
    with pytest.raises(InputError, match=r"--host 192\.0\.2\.1 --port 80: cannot listen there"):
        listen("192.0.2.1", 80)


def test_no_packet_waits_for_the_acknowledgement_of_another() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        taken, _ = listening.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_what_is_wrong_is_said_before_anything_is_served(tmp_path: Path, model: Path) -> None:
    no_model = tmp_path / "no.onnx"
    no_model.write_bytes(b"nothing")
    for arguments, message in (
        ([no_model], "no.onnx"),
        ([tmp_path / "missing.onnx"], "missing.onnx"),
        ([model, "--max-waiting", "1"], "--max-waiting: 1 is less than the 16 images"),
        ([model, "--host", "no such host"], "--host no such host --port 8000: cannot listen there"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "serve", *map(str, arguments)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert message in done.stderr


def test_serving_everybody_is_said(model: Path) -> None:
    service = Service(model, options=["--host", EVERYWHERE])
    assert "everybody who reaches 0.0.0.0 is answered: set LESIONS_TOKEN" in service.stop()[1]
    service = Service(model, options=["--host", EVERYWHERE], token="0123456789abcdef")  # noqa: S106, of this test
    assert service.ask("GET", "/health").status == 200  # it serves by now, and not only its socket is open
    assert service.stop()[1] == ""


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("192.0.2.1", False),
        ("::", False),
        ("example.org", False),
    ],
)
def test_only_this_machine_reaches_a_loopback_address(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
