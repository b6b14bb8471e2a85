"""Files by their hash in a bucket of a store that speaks S3: Amazon's, MinIO, Ceph, Garage, a cloud's own."""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from safety_service.domain.errors import NotFound, Refused, Unavailable

try:
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import S3Store
except ImportError:
    # The extra `s3` is not installed: S3Blobs says so to whoever asks for one.
    obstore = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from obstore.store import S3Config

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONNECT, _ANSWER = timedelta(seconds=5), timedelta(seconds=30)
_RETRIES, _TRIED_FOR = 3, timedelta(seconds=30)


class S3Place(msgspec.Struct, frozen=True):
    """A bucket and who may use it; `endpoint` None: Amazon's own; no keys: those of the machine's role."""

    bucket: str
    prefix: str
    region: str
    endpoint: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None


class S3Blobs:
    """Each file is one object, `PREFIX/abcd…`; the store makes it visible whole or not at all.

    Raises Unavailable where the store does not answer or does not let us in.
    """

    def __init__(self, place: S3Place) -> None:
        if obstore is None:
            raise Refused("needs the extra s3: pip install campus-safety[s3]", place="CAMPUS_S3_BUCKET")
        plain = place.endpoint is not None and place.endpoint.startswith("http://")
        self._store = S3Store(
            place.bucket,
            prefix=place.prefix or None,
            config=_config(place),
            client_options={"allow_http": plain, "connect_timeout": _CONNECT, "timeout": _ANSWER},
            retry_config={"max_retries": _RETRIES, "retry_timeout": _TRIED_FOR},
        )

    def put(self, sha256: str, content: BinaryIO) -> bool:
        # Sent again though it may be there: its time is what discard asks.
        new = not self.exists(sha256)
        content.seek(0)
        whole = content.read()
        if hashlib.sha256(whole).hexdigest() != sha256:
            raise ValueError(f"the content is not that of {sha256}")
        with _reached():
            obstore.put(self._store, _named(sha256), whole, use_multipart=False)
        return new

    def open(self, sha256: str) -> BinaryIO:
        try:
            with _reached():
                return io.BytesIO(bytes(obstore.get(self._store, _named(sha256)).bytes()))
        except FileNotFoundError:
            raise NotFound(f"the file {sha256} is not here") from None

    def size(self, sha256: str) -> int | None:
        try:
            with _reached():
                return obstore.head(self._store, _named(sha256))["size"]
        except FileNotFoundError:
            return None

    def exists(self, sha256: str) -> bool:
        return self.size(sha256) is not None

    def delete(self, sha256: str) -> None:
        try:
            with _reached():
                obstore.delete(self._store, _named(sha256))
        except FileNotFoundError:
            return

    def discard(self, sha256: str, before: datetime) -> bool:
        try:
            with _reached():
                if obstore.head(self._store, _named(sha256))["last_modified"] >= before:
                    return False
        except FileNotFoundError:
            return False
        self.delete(sha256)
        return True

    def tidy(self, before: datetime) -> None:
        """Nothing: an object that was not sent whole does not exist."""

    def __iter__(self) -> Iterator[str]:
        with _reached():
            for found in obstore.list(self._store):
                for one in found:
                    if _SHA256.fullmatch(one["path"]):
                        yield one["path"]


def _config(place: S3Place) -> "S3Config":
    # One by one: not every store knows how to delete many at once.
    config: S3Config = {"region": place.region, "disable_bulk_delete": True}
    if place.endpoint is not None:
        config["endpoint"] = place.endpoint
    if place.access_key_id is not None:
        config["access_key_id"] = place.access_key_id
    if place.secret_access_key is not None:
        config["secret_access_key"] = place.secret_access_key
    return config


def _named(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise ValueError("a file is named by its SHA-256")
    return sha256


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except BaseError as error:
        # The whole text goes on over many lines, with the request in it.
        reason = str(error).partition("\n")[0][:200]
        raise Unavailable(f"the S3 store of files: {reason}", slug="files-away") from error
