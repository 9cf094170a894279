"""Running a service until it is told to stop."""

import logging
import os
import signal
import socket
from contextlib import suppress
from typing import Any

import uvicorn
from fastapi import FastAPI

from lesions.errors import InputError
from lesions.service.connection import PatientConnection
from lesions.service.settings import Settings

QUIET = ("python_multipart", "PIL")
"""Libraries whose warnings quote what they cannot read."""

IDLE_SECONDS = 15
"""So long a connection without requests is kept."""

BACKLOG = 1024


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that takes connections; the system chooses the port if it is 0.

    Raises
    ------
    InputError
        If the port is taken, or the host is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        raise InputError(f"--host {host} --port {port}: cannot listen there: {reason}") from error
    # asyncio sets this only for sockets that name their protocol. Without it the second packet of an answer waits
    # 40 ms for the acknowledgement of the first.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def run(app: FastAPI, listening: socket.socket, settings: Settings) -> None:
    """Answer requests until SIGTERM or SIGINT: then take nothing new, and answer what was taken."""
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        app,
        http=PatientConnection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=IDLE_SECONDS,
        # A body may be on its way, and its answer after that.
        timeout_graceful_shutdown=int(2 * settings.max_seconds) + 1,
    )
    # Before uvicorn listens to signals, and when it raises them again after it has stopped: with exit code 0.
    signal.signal(signal.SIGTERM, _exit)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


def _exit(*_: Any) -> None:
    """End the process as one that has done what it was told."""
    raise SystemExit(0)
