"""Generic webhook after the Standard Webhooks specification: a signed POST of JSON."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Annotated, Any

import httpx
import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from safety_service.channels.addresses import MASK, WebAddress, host_of, shown_address
from safety_service.channels.http import exchange
from safety_service.channels.kind import Kind
from safety_service.domain.delivery import Notice, Reply, judge_http

SECRET_PREFIX = "whsec_"  # noqa: S105 - the specification's mark of a secret, not one
SHORTEST_SECRET, LONGEST_SECRET = 24, 64
"""Bytes, as the specification demands (192 to 512 bits)."""


def _signing_secret(value: str) -> str:
    wanted = f"must be {SECRET_PREFIX} and the base64 of {SHORTEST_SECRET} to {LONGEST_SECRET} random bytes"
    try:
        key = signing_key(value)
    except ValueError as error:
        raise ValueError(wanted) from error
    if not value.startswith(SECRET_PREFIX) or not SHORTEST_SECRET <= len(key) <= LONGEST_SECRET:
        raise ValueError(wanted)
    return value


class WebhookConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: WebAddress
    secret: Annotated[str, Field(max_length=200, repr=False), AfterValidator(_signing_secret)]


def signing_key(secret: str) -> bytes:
    """The bytes behind `whsec_…`; raises ValueError where it is not base64."""
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def signature(secret: str, notice_id: str, seconds: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    signed = b".".join((notice_id.encode(), str(seconds).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(signing_key(secret), signed, hashlib.sha256)).decode()


def send(config: WebhookConfig, notice: Notice, client: httpx.Client, now: datetime) -> Reply:
    """One attempt; the timestamp is that of the attempt, the id that of the notification."""
    body = msgspec.json.encode({"type": notice.type, "timestamp": notice.timestamp, "data": notice.data})
    seconds = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "webhook-id": notice.id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(config.secret, notice.id, seconds, body),
    }
    return exchange(client, config.url, body, headers, lambda answer: judge_http(answer, now))


def shown(config: WebhookConfig) -> dict[str, Any]:
    return {"url": shown_address(config.url), "secret": f"{SECRET_PREFIX}{MASK}"}


KIND = Kind(config=WebhookConfig, send=send, shown=shown, host=lambda config: host_of(config.url))
