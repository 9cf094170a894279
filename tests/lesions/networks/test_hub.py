"""Weights on the Hugging Face hub are downloaded once, at a commit, and used only if their hash is the given one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import timm
from safetensors.torch import save

COMMIT = "0123456789" * 4
FILE = f"/timm/test_efficientnet.r160_in1k/resolve/{COMMIT}/model.safetensors"

BUILD = """
import sys
from lesions.errors import InputError
from lesions.networks.architecture import build_network
from tests.builders import small_timm
for commit, digest in zip(sys.argv[1::2], sys.argv[2::2]):
    weights = f"hf-hub:timm/test_efficientnet.r160_in1k@{commit}"
    try:
        network = build_network(small_timm(weights=weights, weights_sha256=digest), 2, pretrained=True)
        print(network.backbone.conv_stem.weight.sum().item())
    except InputError as error:
        print("refused:", error)
"""


class Hub:
    """A hub on this machine that has one file, and counts how often it sends it."""

    def __init__(self, content: bytes) -> None:
        self.num_sent = 0
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                known = self.path == FILE
                self.send_response(200 if known else 404)
                self.send_header("Content-Length", str(len(content) if known else 0))
                self.send_header("ETag", f'"{sha256(content).hexdigest()}"')
                self.send_header("X-Repo-Commit", COMMIT)
                self.end_headers()

            def do_GET(self) -> None:
                self.do_HEAD()
                if self.path == FILE:
                    hub.num_sent += 1
                    self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()


NETWORK = timm.create_model("test_efficientnet")
CONTENT = save(dict(NETWORK.state_dict()))


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub(CONTENT)
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


def build(hub: Hub, home: Path, *wanted: str) -> list[str]:
    """Build networks of commits and hashes in a process that knows only this hub; return what it prints of each."""
    environment = os.environ | {
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server.server_port}",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "no_proxy": "127.0.0.1",
    }
    command = [sys.executable, "-c", BUILD, *wanted]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_weights_of_a_commit_are_downloaded_once_and_checked(hub: Hub, tmp_path: Path) -> None:
    digest, other = sha256(CONTENT).hexdigest(), COMMIT[::-1]
    weights, again, wrong, unknown = build(
        hub, tmp_path, COMMIT, digest, COMMIT, digest, COMMIT, "0" * 64, other, digest
    )
    assert float(weights) == pytest.approx(NETWORK.get_parameter("conv_stem.weight").sum().item())
    assert again == weights
    assert hub.num_sent == 1
    assert wrong.startswith("refused: ")
    assert f"model.safetensors has the sha256 {digest}, and weights_sha256 is {'0' * 64}" in wrong
    assert f"{FILE.partition('/resolve')[0][1:]} at {other} could not be downloaded" in unknown
    assert "save it and set weights to its path" in unknown


@pytest.mark.slow
def test_weights_in_the_cache_need_no_hub(hub: Hub, tmp_path: Path) -> None:
    digest = sha256(CONTENT).hexdigest()
    first = build(hub, tmp_path, COMMIT, digest)
    hub.server.shutdown()
    hub.server.server_close()
    assert build(hub, tmp_path, COMMIT, digest) == first
