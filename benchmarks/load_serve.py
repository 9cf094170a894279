"""Measure `lesions serve` under load, beside the same work without HTTP in the same run.

Clients on this machine send JPEGs of 600 × 450 pixels over connections that they keep, one image per request. The
bare loop decodes the same files in threads and runs onnxruntime over them, in the batches that so many clients can
fill; it runs before and after the service. The clients share the processors with the service, so that the ratio is a
lower bound. Quote ratios: the machine's clock depends on other programs.

    python -m benchmarks.load_serve --model data/exports/resnet18/model.onnx
    python -m benchmarks.load_serve --model data/exports/resnet18/model.onnx --num-flat 20000
"""

import http.client
import queue
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import numpy as np
import onnxruntime
import typer
from numpy.typing import NDArray

from benchmarks.compare_predict import draw_jpegs
from lesions.errors import InputError
from lesions.hardware.processors import count_processors
from lesions.images.decode import decode_image
from lesions.serving.manifest import CALLED, IMAGES, OUT_OF_DISTRIBUTION, PROBABILITIES
from lesions.serving.model import load_model
from lesions.serving.stream import count_in_batch
from lesions.stage.failure import one_paragraph_errors

NUM_CLIENTS = (1, 8, 64)
BOUNDARY = "boundary-of-the-benchmark"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

PROGRAM = "from lesions.command_line.app import app; app()"


@dataclass(frozen=True)
class Load:
    """What one round of requests took.

    Attributes
    ----------
    seconds
        From the first request to the last answer.
    latencies
        In seconds, of each request.
    """

    seconds: float
    latencies: list[float]

    def describe(self, num_clients: int, bare_per_second: float) -> str:
        """Return a line of the table."""
        per_second = len(self.latencies) / self.seconds
        times = np.percentile(self.latencies, (50, 95, 99)) * 1e3
        cells = (
            f"{num_clients}",
            f"{per_second:.1f}",
            *(f"{each:.0f}" for each in times),
            f"{per_second / bare_per_second:.2f}",
        )
        return f"| {' | '.join(cells)} |"


def main(
    model: Annotated[Path, typer.Option(help="An exported model.")],
    num_images: Annotated[int, typer.Option(help="Number of requests in each round.")] = 400,
    num_flat: Annotated[int, typer.Option(help="Number of requests over which memory is watched; 0 for none.")] = 0,
) -> None:
    """Print requests per second, latencies and the ratio to the bare loop for each number of clients."""
    with tempfile.TemporaryDirectory() as work:
        draw_jpegs(Path(work, "images"), num_images)
        files = sorted(map(str, Path(work, "images").iterdir()))
        bodies = [build_body(Path(file).read_bytes()) for file in files]
        process, address = start(model)
        try:
            send(address, bodies[:8], 2)
            if num_flat:
                print(describe_memory(watch_memory(process.pid, address, bodies, num_flat)))
                return
            print(
                "| clients | requests/s | p50 ms | p95 ms | p99 ms | share of bare loop |\n|---|---|---|---|---|---|"
            )
            bare = BareLoop(model)
            for num_clients in NUM_CLIENTS:
                before = bare.time(files, num_clients)
                load = send(address, bodies, num_clients)
                seconds = (before + bare.time(files, num_clients)) / 2
                print(load.describe(num_clients, len(files) / seconds), flush=True)
            print(f"{count_processors()} processors, which the clients share")
        finally:
            process.terminate()
            process.wait()


def build_body(data: bytes) -> bytes:
    """Return the multipart body of one JPEG."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    return head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def start(model: Path) -> tuple[subprocess.Popen[str], tuple[str, int]]:
    """Start a service on a free port, and return its process and address."""
    arguments = [sys.executable, "-c", PROGRAM, "serve", str(model), "--port", "0"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = urlsplit(process.stdout.readline().rpartition(" at ")[2])
    return process, (str(url.hostname), int(url.port or 0))


class BareLoop:
    """Decoding and onnxruntime without anything else."""

    def __init__(self, model: Path) -> None:
        loaded = load_model(model)
        self._decoding, self._largest = loaded.manifest.decoding, count_in_batch(loaded.manifest)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = count_processors()
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def time(self, files: Sequence[str], num_clients: int) -> float:
        """Return the seconds for files, in the batches that so many clients can fill."""
        size = min(num_clients, self._largest)
        begun = time.perf_counter()
        with ThreadPoolExecutor(count_processors()) as threads:
            for first in range(0, len(files), size):
                decoded = threads.map(self._decode, files[first : first + size])
                self._session.run([PROBABILITIES, CALLED, OUT_OF_DISTRIBUTION], {IMAGES: np.stack([*decoded])})
        return time.perf_counter() - begun

    def _decode(self, file: str) -> NDArray[np.uint8]:
        return decode_image(Path(file).read_bytes(), self._decoding).pixels


def send(address: tuple[str, int], bodies: Sequence[bytes], num_clients: int) -> Load:
    """Send each body once; raise InputError if one is not answered."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        waiting.put(body)

    def work(_: int) -> list[float]:
        connection = http.client.HTTPConnection(*address)
        latencies: list[float] = []
        while True:
            try:
                body = waiting.get_nowait()
            except queue.Empty:
                connection.close()
                return latencies
            begun = time.perf_counter()
            connection.request("POST", "/predict", body, HEADERS)
            response = connection.getresponse()
            content = response.read()
            if response.status != 200:
                raise InputError(f"a request was answered with {response.status}: {content[:200]!r}")
            latencies.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    with ThreadPoolExecutor(num_clients) as threads:
        latencies = [each for some in threads.map(work, range(num_clients)) for each in some]
    return Load(time.perf_counter() - begun, latencies)


def watch_memory(pid: int, address: tuple[str, int], bodies: Sequence[bytes], num_requests: int) -> list[int]:
    """Return the largest resident memory in bytes in each fifth of the requests, of 8 clients."""
    fifths = []
    for _ in range(5):
        largest, left = 0, num_requests // 5
        while left > 0:
            send(address, bodies[: min(left, 100)], 8)
            left -= 100
            largest = max(largest, read_resident(pid))
        fifths.append(largest)
    return fifths


def read_resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmRSS:")[1].split()[0])


def describe_memory(fifths: Sequence[int]) -> str:
    """Return the memory of each fifth, and how much the last one differs from the second."""
    spelled = ", ".join(f"{each / 1e6:.1f}" for each in fifths)
    return f"resident MB by fifths: {spelled}; the last is {100 * (fifths[-1] / fifths[1] - 1):+.1f} % of the second"


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
