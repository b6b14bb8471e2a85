"""The one HTTP client of all channels: checked targets, bounded time, no redirects, connections kept."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from safety_service.channels.targets import Resolve, TargetRefusedError, refuse_private, resolve
from safety_service.domain.delivery import HttpAnswer, Reply, kept
from safety_service.domain.networks import Network

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
"""For a whole attempt: the least that Standard Webhooks grants a receiver; one that takes 11 s is served."""
_READ_BYTES = 8192
_CONNECTIONS = 64
_KEPT_SECONDS = 30.0


class GuardedClient(httpx.Client):
    """The client that every `send` gets; close it at the end. Proxies of the environment are not used."""

    def __init__(self, *, private_targets: bool, find: Resolve = resolve) -> None:
        super().__init__(
            transport=GuardedTransport(private_targets=private_targets, find=find),
            timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
            headers={"user-agent": "campus-safety", "accept-encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )
        self._private_targets = private_targets
        self._find = find

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection for another protocol than HTTP, to an address that was checked in the same way.

        Raises OSError, and TargetRefusedError for a private address where those are not allowed.
        """
        addresses = self._find(host, port)
        if not self._private_targets:
            refuse_private(host, addresses)
        failure = OSError("the name has no address")
        for address in addresses:
            try:
                return socket.create_connection((address, port), timeout)
            except OSError as error:
                failure = error
        raise failure


def open_client(*, private_targets: bool, find: Resolve = resolve) -> GuardedClient:
    return GuardedClient(private_targets=private_targets, find=find)


def exchange(
    client: httpx.Client,
    url: str,
    body: bytes,
    headers: dict[str, str],
    judge: Callable[[HttpAnswer], Reply],
    *,
    method: str = "POST",
) -> Reply:
    """One request, judged by its answer; timeouts and broken connections are to be tried again.

    The sentences hold no address: it may be a secret.
    """
    try:
        with client.stream(method, url, content=body, headers=headers) as response:
            text = _beginning(response)
            return judge(HttpAnswer(response.status_code, text, response.headers.get("retry-after")))
    except TargetRefusedError as error:
        return Reply(verdict="failed", answer=kept(f"not sent: {error}"))
    except httpx.TimeoutException:
        return Reply(verdict="retry", answer=f"no answer in time (at most {TOTAL_SECONDS:g} s)")
    except (httpx.TransportError, httpx.StreamError) as error:
        return Reply(verdict="retry", answer=kept(f"no connection or a broken one: {error}"))


def _beginning(response: httpx.Response) -> str:
    taken = b""
    for part in response.iter_raw():
        taken += part
        if len(taken) >= _READ_BYTES:
            break
    return taken[:_READ_BYTES].decode(errors="replace")


class GuardedTransport(httpx.BaseTransport):
    """Connects only to addresses it has checked itself, and ends every request in time.

    A name is resolved once for each connection, every address of it is checked, and the connection goes to
    just these addresses: a name that answers differently the next time (DNS rebinding) gains nothing,
    because nobody asks again. Certificate and Host header are still those of the name. Of private networks
    those in `networks` may be reached, with `private_targets` all.
    """

    def __init__(
        self,
        *,
        private_targets: bool,
        networks: Sequence[Network] | None = None,
        find: Resolve = resolve,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._total_seconds = total_seconds
        self._deadline = _Deadline()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=_CONNECTIONS,
            keepalive_expiry=_KEPT_SECONDS,
            network_backend=_GuardedBackend(private_targets, networks, find, self._deadline),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._deadline.at = time.monotonic() + self._total_seconds
        url = request.url
        assert isinstance(request.stream, httpx.SyncByteStream)
        outgoing = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_httpx():
            answer = self._pool.handle_request(outgoing)
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        with _as_httpx():
            self._answer.close()


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except httpcore.TimeoutException as error:
        raise httpx.TimeoutException(str(error)) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise httpx.TransportError(str(error)) from error


class _Deadline(threading.local):
    """When the request of this thread must be over, in monotonic seconds."""

    at: float = float("inf")

    def shorten(self, timeout: float | None) -> float:
        """The timeout of one step: a receiver that drips a byte at a time gains nothing by it."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("no whole answer in time")
        return left if timeout is None else min(timeout, left)


class _GuardedBackend(httpcore.NetworkBackend):
    def __init__(
        self, private_targets: bool, networks: Sequence[Network] | None, find: Resolve, deadline: _Deadline
    ) -> None:
        self._private_targets = private_targets
        self._networks = networks
        self._find = find
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = self._find(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name cannot be resolved: {error}") from error
        if not self._private_targets:
            refuse_private(host, addresses, self._networks)
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses:
            try:
                stream = self._inner.connect_tcp(
                    address, port, self._deadline.shorten(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failure


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.shorten(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.shorten(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, self._deadline.shorten(timeout))
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
