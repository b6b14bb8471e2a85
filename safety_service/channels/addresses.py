"""Addresses in the configuration of channels: what is one, and how much of it may be seen."""

from typing import Annotated
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator, Field

MASK = "…"
"""Stands for a secret where a configuration is shown."""


def web_address(value: str) -> str:
    """The value itself, or ValueError with a sentence."""
    try:
        parts = httpx.URL(value)
        urlsplit(value)
    except (httpx.InvalidURL, ValueError) as error:
        raise ValueError("must be an address that begins with https:// or http://") from error
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise ValueError("must be an address that begins with https:// or http://")
    if parts.userinfo:
        raise ValueError("must not hold a user or password; they would be seen where the address is")
    return value


def shown_address(url: str) -> str:
    """Only where it goes: path and query often hold the receiver's own secret."""
    parts = urlsplit(url)
    hidden = parts.path not in {"", "/"} or parts.query or parts.fragment
    return f"{parts.scheme}://{parts.netloc}" + (f"/{MASK}" if hidden else parts.path)


def host_of(url: str) -> str:
    return httpx.URL(url).host


def in_full(value: str | None) -> str | None:
    """The value itself, or ValueError where it is only what is shown in place of a secret."""
    if value is not None and MASK in value:
        raise ValueError("is only what is shown in place of the secret; send it in full")
    return value


WebAddress = Annotated[
    str, Field(max_length=2000, repr=False), AfterValidator(web_address), AfterValidator(in_full)
]
OptionalSecret = Annotated[
    str | None, Field(min_length=1, max_length=500, repr=False), AfterValidator(in_full)
]
Secret = Annotated[str, Field(min_length=1, max_length=500, repr=False), AfterValidator(in_full)]
