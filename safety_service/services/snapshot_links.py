"""Links that open one image for a while without a login, for those who read a notification."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from safety_service.domain.errors import Forbidden
from safety_service.domain.snapshots import PATH, sha256_of
from safety_service.settings import Settings


class Linker(msgspec.Struct, frozen=True):
    """What signs the links. `public_url`: the address of the service for people, if it knows one."""

    key: bytes
    lasts: timedelta
    public_url: str | None = None

    def link(self, snapshot_url: str | None, now: datetime) -> str | None:
        """A path of our own as a link that works until it expires; any other address as it is."""
        sha256 = sha256_of(snapshot_url)
        if sha256 is None or snapshot_url is None or not self.lasts:
            return snapshot_url
        expires = int((now + self.lasts).timestamp())
        query = urlencode({"expires": expires, "signature": self.signature(sha256, expires)})
        return f"{(self.public_url or '').rstrip('/')}{snapshot_url}?{query}"

    def check(self, sha256: str, expires: int, signature: str, now: datetime) -> None:
        """Raises Forbidden unless we have signed just this image and time, and the time has not come."""
        # Compared as bytes: a text with other letters than ASCII would be an error, not a refusal.
        if not hmac.compare_digest(signature.encode(), self.signature(sha256, expires).encode()):
            raise Forbidden("this link was not made by this service", slug="bad-link")
        if now.timestamp() >= expires:
            raise Forbidden("this link has expired; log in to see the image", slug="link-expired")

    def signature(self, sha256: str, expires: int) -> str:
        """Base64url of HMAC-SHA256 over hash and time."""
        digest = hmac.digest(self.key, f"{sha256}\n{expires}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_signed(address: str | None, public_url: str | None) -> bool:
    """Whether it is a whole link of ours, which opens for whoever reads it."""
    return bool(public_url and address and address.startswith(f"{public_url.rstrip('/')}{PATH}/"))


def linker_of(settings: Settings) -> Linker:
    # A key of its own: what is signed here can never be taken for a token, nor the other way round.
    secret = settings.secret_key.get_secret_value().encode()
    key = hmac.digest(secret, b"links to snapshots", hashlib.sha256)
    return Linker(key, timedelta(hours=settings.snapshot_link_hours), settings.public_url)
