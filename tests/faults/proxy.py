"""A TCP proxy between the service and its broker or database that can cut, swallow and delay."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

_CHUNK = 262_144
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: close sends RST."""

POSTGRESQL_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
"""The whole packet of psycopg's commit; nothing is under way on the connection when it is sent."""


class Proxy:
    """Listens on `port` and passes everything on to `target_port`, both on 127.0.0.1, until told otherwise.

    `before` is asked about every piece that a client sends, in the connection's own thread, before it is
    passed on: it may wait.
    """

    def __init__(self, target_port: int) -> None:
        self.before: Callable[[bytes], None] = lambda piece: None
        self._target = ("127.0.0.1", target_port)
        self._lock = threading.Lock()
        self._links: list[_Link] = []
        self._swallowing = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """RST on every connection, to both ends."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.reset()

    def swallow(self) -> None:
        """From now on nothing arrives, on old connections or new ones, and nobody is told."""
        with self._lock:
            self._swallowing = True
            for link in self._links:
                link.silent = True

    def pass_again(self, *, reset: bool) -> None:
        """New connections work again. The swallowed ones are lost: reset, or silent for ever."""
        with self._lock:
            self._swallowing = False
        if reset:
            self.cut()

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=[client], daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            if self._swallowing:
                self._links.append(_Link(client, None, silent=True))
                return
        try:
            server = socket.create_connection(self._target, timeout=5)
        except OSError:
            # What listens there is dead: the client hears the same as without us.
            _close(client, reset=True)
            return
        server.settimeout(None)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = _Link(client, server)
        with self._lock:
            link.silent = self._swallowing
            self._links.append(link)
        threading.Thread(target=link.pump, args=[server, client, lambda piece: None], daemon=True).start()
        link.pump(client, server, self.before)
        with self._lock:
            if link in self._links:
                self._links.remove(link)


class _Link:
    """One connection through the proxy; `silent`: what comes is read and thrown away."""

    def __init__(self, client: socket.socket, server: socket.socket | None, *, silent: bool = False) -> None:
        self.silent = silent
        self._ends = [client, server] if server is not None else [client]

    def pump(self, source: socket.socket, sink: socket.socket, before: Callable[[bytes], None]) -> None:
        with suppress(OSError):
            while piece := source.recv(_CHUNK):
                before(piece)
                if not self.silent:
                    sink.sendall(piece)
        if not self.silent:
            self._close(reset=False)

    def reset(self) -> None:
        self._close(reset=True)

    def _close(self, *, reset: bool) -> None:
        for end in self._ends:
            _close(end, reset=reset)


def _close(end: socket.socket, *, reset: bool) -> None:
    with suppress(OSError):
        if reset:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        else:
            # Wakes the thread that reads it.
            end.shutdown(socket.SHUT_RDWR)
        end.close()
