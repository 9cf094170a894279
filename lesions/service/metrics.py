"""What a service counts, for Prometheus: numbers of requests and images, never what is in them."""

import asyncio

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OTHER = "other"
"""The path of all requests for what there is not, so that no client makes new counters."""

GONE = 499
"""The status of a request whose client was gone before its answer."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
BATCH_SIZES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """All counters of a service.

    Attributes
    ----------
    registry
        Holds all of them.
    requests, seconds
        Of requests, by path and status, and by path.
    images
        By the status of their answer.
    batch_images
        How many images go through a network at once.
    images_waiting, requests_held, bytes_held
        What there is now.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter("lesions_requests", "Requests answered.", ["path", "status"], registry=self.registry)
        self.seconds = Histogram(
            "lesions_request_seconds",
            "Time from the head of a request to the end of its answer.",
            ["path"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.images = Counter(
            "lesions_images", "Images answered, by the status of the answer.", ["status"], registry=self.registry
        )
        self.batch_images = Histogram(
            "lesions_batch_images", "Images in one run of a network.", buckets=BATCH_SIZES, registry=self.registry
        )
        self.images_waiting = Gauge("lesions_images_waiting", "Images not answered yet.", registry=self.registry)
        self.requests_held = Gauge("lesions_requests_held", "Requests with a body.", registry=self.registry)
        self.bytes_held = Gauge("lesions_bytes_held", "Bytes of all bodies.", registry=self.registry)


class MetricsMiddleware:
    """Counts and times every request.

    Parameters
    ----------
    paths
        Those that are counted by their names.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: frozenset[str]) -> None:
        self._app, self._metrics, self._paths = app, metrics, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        begun, status = loop.time(), GONE

        async def send_noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        path = scope["path"] if scope["path"] in self._paths else OTHER
        try:
            await self._app(scope, receive, send_noting)
        finally:
            self._metrics.requests.labels(path, status).inc()
            self._metrics.seconds.labels(path).observe(loop.time() - begun)
