"""What devices push over HTTP: who they are, and their bodies into the same message log as everything else.

Nothing of a body is read before it is committed, so that no body can be lost to a decoder.
"""

from base64 import b64decode
from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlmodel import Session

from safety_service.domain.decoding import DECODERS, parse_topic
from safety_service.domain.errors import NotAuthenticated, NotFound, Refused, Unavailable
from safety_service.domain.rights import Caller
from safety_service.domain.types import Message, Rejected
from safety_service.services import auth, digest
from safety_service.services.digest import Nonces
from safety_service.store import api_keys, messages, partitions, push, registry
from safety_service.store.session import after_commit
from safety_service.store.tables_people import ApiKey

PUSHED_FORMATS = frozenset(DECODERS) - {"service", "receipts"}
_WANTED = "send the key of the device: in X-API-Key, as the password of Basic or Digest, or as ?key="
_WRONG = "the key of the device is not valid, was revoked or has expired"


class Request(msgspec.Struct, frozen=True):
    """What of a request proves who sent it; `key` is from its header or its address."""

    method: str
    path: str
    address: str | None
    key: str | None = None
    authorization: str | None = None


class StaleNonce(NotAuthenticated):
    """The key was right, the nonce too old: the device tries again by itself with a new one."""


def caller_of(session: Session, request: Request, nonces: Nonces, now: datetime) -> Caller:
    """The key behind a request, which must have the right to push; raises NotAuthenticated, Forbidden."""
    if request.key:
        caller = auth.caller_of_key(session, request.key, address=request.address, now=now)
    elif (answer := digest.parse(request.authorization or "")) is not None:
        caller = _by_digest(session, request, answer, nonces, now)
    elif (password := _basic_password(request.authorization or "")) is not None:
        caller = auth.caller_of_key(session, password, address=request.address, now=now)
    else:
        raise NotAuthenticated(_WANTED)
    caller.must("messages:push")
    return caller


def caller_with(session: Session, key: ApiKey, address: str | None, now: datetime) -> Caller:
    """The caller behind a key that was proven in another way than by sending it."""
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise NotAuthenticated(_WRONG, slug="bad-api-key")
    schools = api_keys.schools_of(session, [key.id]).get(key.id, [])
    caller = Caller(
        name=f"key:{key.name}",
        role=key.role,
        every_school=key.every_school,
        schools=frozenset(schools),
        address=address,
    )
    caller.must("messages:push")
    return caller


def put_in(
    session: Session,
    caller: Caller,
    *,
    school: str,
    format: str,
    rest: str,
    payload: bytes,
    now: datetime,
    wake: Callable[[], None],
) -> int:
    """Appends one body to the log of the school's partition; returns its position there.

    Raises NotFound for a school beyond the key's and for a format nobody reads, Refused for a path that no
    topic could be, Unavailable before a pipeline was ever set up.
    """
    if not (caller.every_school or school in caller.schools) or not registry.known_schools(
        session, frozenset({school})
    ):
        raise NotFound(f"there is no school {school}")
    if format not in PUSHED_FORMATS:
        raise NotFound(f"there is no format {format}; there are {', '.join(sorted(PUSHED_FORMATS))}")
    topic = f"campus/v1/{school}/{format}/{rest}".rstrip("/")
    read = parse_topic(topic)
    if isinstance(read, Rejected):
        raise Refused(read.detail, place="path")
    partition = partitions.of_school(session, school)
    if partition is None:
        raise Unavailable("no pipeline has been set up yet; start the service with the role pipeline once")
    message = Message(topic=topic, payload=payload, received_at=now, qos=1, origin="http")
    position = messages.append(session, partition.id, [message])
    after_commit(session, wake)
    return position


def _by_digest(
    session: Session, request: Request, answer: digest.DigestAnswer, nonces: Nonces, now: datetime
) -> Caller:
    found = push.key_with_digest(session, answer.username)
    if found is None or not digest.is_right(answer, found[1], request.method, request.path):
        raise NotAuthenticated(_WRONG, slug="bad-api-key")
    if not nonces.is_fresh(answer.nonce, request.address, now):
        raise StaleNonce("the nonce is too old; take the new one", slug="stale-nonce")
    return caller_with(session, found[0], request.address, now)


def _basic_password(header: str) -> str | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return password or name
