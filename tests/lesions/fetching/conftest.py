"""A server that is asked again without waiting."""

from collections.abc import Iterator

import pytest

from lesions.fetching import download as module
from tests.server import Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.0)
    started = Server()
    yield started
    started.close()
