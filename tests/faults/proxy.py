"""A TCP proxy between the service and its broker or database that can cut, swallow and delay."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

_CHUNK = 262_144
_LOOK_UP_SECONDS = 0.02
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: close sends RST."""

POSTGRESQL_COMMIT = b"COMMIT\x00"
"""What stands in a piece that commits, in PostgreSQL's simple protocol and in its extended one."""


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

    @property
    def connections(self) -> int:
        with self._lock:
            return len(self._links)

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
        # Closing alone would not wake the thread that waits here.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
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
        try:
            server = socket.create_connection(self._target, timeout=5)
        except OSError:
            # What listens there is dead: the client hears the same as without us.
            _close(client, reset=True)
            return
        link = _Link(client, server)
        with self._lock:
            link.silent = self._swallowing
            self._links.append(link)
        threading.Thread(target=link.pump, args=[server, client, lambda piece: None], daemon=True).start()
        link.pump(client, server, self._ask_before)
        with self._lock:
            if link in self._links:
                self._links.remove(link)

    def _ask_before(self, piece: bytes) -> None:
        self.before(piece)


class _Link:
    """One connection through the proxy; `silent`: what comes is read and thrown away.

    Two threads pump, one for each direction. They look up now and then, because a socket that another thread
    reads is not closed by closing it; the last one to leave does it.
    """

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.silent = False
        self._ends = (client, server)
        self._ended = threading.Event()
        self._reset = False
        self._lock = threading.Lock()
        self._pumping = len(self._ends)
        for end in self._ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.settimeout(_LOOK_UP_SECONDS)

    def reset(self) -> None:
        self._reset = True
        self._ended.set()

    def pump(self, source: socket.socket, sink: socket.socket, before: Callable[[bytes], None]) -> None:
        with suppress(OSError):
            while not self._ended.is_set():
                with suppress(TimeoutError):
                    piece = source.recv(_CHUNK)
                    if not piece:
                        break
                    before(piece)
                    self._send(sink, piece)
        # The end of a connection that is swallowed does not get through either.
        while self.silent and not self._ended.wait(_LOOK_UP_SECONDS):
            pass
        self._ended.set()
        self._leave()

    def _send(self, sink: socket.socket, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest and not self.silent and not self._ended.is_set():
            with suppress(TimeoutError):
                rest = rest[sink.send(rest) :]

    def _leave(self) -> None:
        with self._lock:
            self._pumping -= 1
            last = self._pumping == 0
        if last:
            for end in self._ends:
                _close(end, reset=self._reset)


def _close(end: socket.socket, *, reset: bool) -> None:
    with suppress(OSError):
        if reset:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.close()
