"""Runs the app under uvicorn on a socket that is bound before anything else starts."""

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from safety_service.domain.errors import SafetyError

GRACE_SECONDS = 5


class PortTakenError(SafetyError):
    status = 503
    slug = "port-taken"


class Server(uvicorn.Server):
    """Tells the streams to end as soon as a signal comes: uvicorn would wait for them before it says so."""

    def __init__(self, config: uvicorn.Config, on_exit: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_exit = on_exit

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_exit()
        super().handle_exit(sig, frame)


def end_like_ctrl_c() -> None:
    """Makes SIGTERM unwind the program as Ctrl-C does, so that what it started is ended too.

    uvicorn raises the signal again when it has shut down: by default that would kill us on the spot.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def bind(host: str, port: int) -> socket.socket:
    """The listening socket; port 0 takes a free one. Raises PortTakenError with a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, for asyncio sends small answers at once (TCP_NODELAY) only on what says that it is TCP: without
    # it the body of each answer waits 40 ms for the receipt of its head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTakenError(f"cannot listen on {host}:{port}: {error.strerror}; choose another") from error
    listener.set_inheritable(True)
    return listener


def run(app: FastAPI, listener: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM; what the app started has ended when this returns."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="on",
    )
    try:
        Server(config, app.state.hub.stop).run(sockets=[listener])
    except KeyboardInterrupt:
        # uvicorn raises the signal again when done; a second Ctrl-C may also have cut its end short.
        pass
    finally:
        app.state.stop()
