"""Real HTTP receivers of notifications on 127.0.0.1, which answer as a test wants and remember what came."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec


class Got(NamedTuple):
    """One request as it arrived; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    @property
    def message(self) -> dict[str, Any]:
        return dict(msgspec.json.decode(self.body))


class Says(NamedTuple):
    """What to answer."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


Answer = Callable[[Got], Says]


class _Server(ThreadingHTTPServer):
    """Says nothing about senders that were killed in the middle of a request."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Receiver:
    """`url` is where it listens, `got` what it received, in order; `answer` may be replaced at any time."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.got: list[Got] = []
        self.connections: set[tuple[str, int]] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                request = Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body, self.command)
                receiver.got.append(request)
                receiver.connections.add(self.client_address)
                says = receiver.answer(request)
                self.send_response(says.status)
                for name, value in says.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(says.body)))
                self.end_headers()
                self.wfile.write(says.body)

            do_GET = do_PUT = do_POST  # noqa: N815 - the base class wants these names

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.base_url}/hooks/campus?token=hidden"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def changes(self) -> list[str]:
        return [str(got.message["type"]) for got in self.got]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextmanager
def receiver(answer: Answer = lambda got: Says()) -> Iterator[Receiver]:
    """A receiver that accepts everything, or answers as told."""
    one = Receiver(answer)
    one.start()
    try:
        yield one
    finally:
        one.stop()
