"""HTTP digest authentication (RFC 7616, and RFC 2617 as GA/T 1400 names it): challenges, and checked answers.

MD5 and `qop=auth`, which is what cameras know. A nonce proves itself: it holds its time and is signed
together with the address it was given to, so that nothing is kept, any process can check it, and an answer
that was listened to is of no use from elsewhere.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

REALM = "campus-safety"
NONCE_LIFE = timedelta(minutes=5)
_PART = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SIGNATURE_BYTES = 16


class DigestAnswer(msgspec.Struct, frozen=True):
    """The parts of an `Authorization: Digest …` header; qop, nc and cnonce are empty in the oldest form."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    qop: str = ""
    nc: str = ""
    cnonce: str = ""
    algorithm: str = "MD5"


def parse(header: str) -> DigestAnswer | None:
    """The answer in a header, or None where it is no digest or lacks a part."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "digest":
        return None
    parts = {
        match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in _PART.finditer(rest)
    }
    known = {name: parts[name] for name in DigestAnswer.__struct_fields__ if name in parts}
    try:
        return DigestAnswer(**known)
    except TypeError:
        return None


def ha1_of(name: str, key: str) -> str:
    """What is kept of a key for this realm: neither the key nor a password for anything else."""
    return _md5(f"{name}:{REALM}:{key}")


def is_right(answer: DigestAnswer, ha1: str, method: str, path: str) -> bool:
    """Whether the answer proves the key for this request; the query in `uri` may be anything."""
    if answer.realm != REALM or answer.algorithm.upper() != "MD5" or _path_of(answer.uri) != path:
        return False
    ha2 = _md5(f"{method}:{answer.uri}")
    if answer.qop:
        if answer.qop != "auth" or not answer.nc or not answer.cnonce:
            return False
        expected = _md5(f"{ha1}:{answer.nonce}:{answer.nc}:{answer.cnonce}:auth:{ha2}")
    else:
        expected = _md5(f"{ha1}:{answer.nonce}:{ha2}")
    return hmac.compare_digest(expected.encode(), answer.response.lower().encode())


def _path_of(uri: str) -> str:
    try:
        return urlsplit(uri).path
    except ValueError:
        return ""


class Nonces:
    """Makes and judges the nonces of one installation."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"digest:" + secret.encode()).digest()

    def challenge(self, address: str | None, now: datetime, *, stale: bool = False) -> str:
        """The value of a `WWW-Authenticate` header; `stale`: the key was right and only the nonce too old."""
        nonce = self.make(address, now)
        again = ", stale=true" if stale else ""
        return f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{nonce}", opaque="viid"{again}'

    def make(self, address: str | None, now: datetime) -> str:
        moment = int(now.timestamp()).to_bytes(8, "big")
        return urlsafe_b64encode(moment + self._sign(moment, address)).decode()

    def is_fresh(self, nonce: str, address: str | None, now: datetime) -> bool:
        """Whether it is ours, was given to this address, and is not too old."""
        try:
            raw = urlsafe_b64decode(nonce.encode())
        except ValueError:
            return False
        moment, signature = raw[:8], raw[8:]
        if len(moment) < 8 or not hmac.compare_digest(signature, self._sign(moment, address)):
            return False
        age = now.timestamp() - int.from_bytes(moment, "big")
        return -1 <= age <= NONCE_LIFE.total_seconds()

    def _sign(self, moment: bytes, address: str | None) -> bytes:
        return hmac.digest(self._key, moment + (address or "").encode(), hashlib.sha256)[:_SIGNATURE_BYTES]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
