"""A small store that speaks S3 on 127.0.0.1: objects in memory, signatures checked, failing when told to."""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from safety_service.blobs import S3Place

KEY_ID, SECRET, REGION, BUCKET = "test-key", "test secret", "cn-test-1", "campus"


class FakeS3:
    """`objects` by key, each with the time at which it came; `failing` answers everything with 503."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.failing = False
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def place(self, secret: str = SECRET) -> S3Place:
        return S3Place(BUCKET, "snapshots", REGION, self.endpoint, KEY_ID, secret)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def listing(self, prefix: str) -> bytes:
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f'<ETag>"{_etag(content)}"</ETag><Size>{len(content)}</Size></Contents>'
            for key, (content, at) in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult '
            'xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{BUCKET}</Name><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        ).encode()


@contextmanager
def fake_s3() -> Iterator[FakeS3]:
    one = FakeS3()
    one.start()
    try:
        yield one
    finally:
        one.stop()


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _handler(store: FakeS3) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if self._refused(body):
                return
            store.objects[self._key()] = (body, datetime.now(UTC))
            self._say(200, headers={"ETag": f'"{_etag(body)}"'})

        def do_GET(self) -> None:
            if self._refused(b""):
                return
            address = urlsplit(self.path)
            if "list-type" in address.query:
                self._say(200, store.listing(dict(parse_qsl(address.query)).get("prefix", "")))
                return
            found = store.objects.get(self._key())
            if found is None:
                self._say(404, b"<Error><Code>NoSuchKey</Code></Error>")
                return
            content, at = found
            headers = {"ETag": f'"{_etag(content)}"', "Last-Modified": format_datetime(at, usegmt=True)}
            self._say(200, content, headers)

        do_HEAD = do_GET  # noqa: N815 - the base class wants this name

        def do_DELETE(self) -> None:
            if not self._refused(b""):
                store.objects.pop(self._key(), None)
                self._say(204)

        def _key(self) -> str:
            return unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}/")

        def _refused(self, body: bytes) -> bool:
            store.requests.append(f"{self.command} {self.path}")
            if store.failing:
                self._say(503, b"<Error><Code>SlowDown</Code></Error>")
            elif not _is_signed(self.command, self.path, self.headers, body):
                self._say(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
            else:
                return False
            return True

        def _say(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _is_signed(method: str, path: str, headers: Any, body: bytes) -> bool:
    """Signature version 4, as the store's documentation describes it."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    fields = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    if scheme != "AWS4-HMAC-SHA256" or headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
        return False
    key_id, day, region, service, _ = fields["Credential"].split("/")
    address = urlsplit(path)
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(parse_qsl(address.query, keep_blank_values=True))
    )
    signed = fields["SignedHeaders"]
    named = "".join(f"{name}:{headers[name].strip()}\n" for name in signed.split(";"))
    request = "\n".join((method, address.path, query, named, signed, headers["x-amz-content-sha256"]))
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join(("AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest))
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    wanted = hmac.digest(key, text.encode(), hashlib.sha256).hex()
    return (key_id, region, fields["Signature"]) == (KEY_ID, REGION, wanted)
