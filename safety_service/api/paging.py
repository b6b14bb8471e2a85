"""Lists: signed cursors, `{"items", "next"}` with a Link header, the same rows as CSV or XLSX."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from safety_service.api.exports import MEDIA_TYPES, export, wanted_type
from safety_service.domain.errors import Refused
from safety_service.store.paging import Key, Page

RowT = TypeVar("RowT")
ItemT = TypeVar("ItemT", bound=BaseModel)

MAXIMUM_LIMIT = 1000
EXPORTED_ROWS = 200_000
"""An export holds a reading transaction open; whoever needs more filters by time."""

_SIGNATURE_BYTES = 9


class ListOf(BaseModel, Generic[ItemT]):
    """One page. `next` is the `cursor` of the following page, null on the last."""

    items: list[ItemT]
    next: str | None = None


LIST_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page; or, by Accept, all rows as CSV or XLSX",
        "content": {media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES},
    }
}
"""For `responses=` of a list endpoint."""


class Paging:
    """Which page was asked for, and in which form; `answer` does the rest."""

    def __init__(
        self,
        request: Request,
        response: Response,
        limit: Annotated[
            int | None, Query(ge=1, le=MAXIMUM_LIMIT, description="Rows of a page; 100 if not given")
        ] = None,
        cursor: Annotated[str | None, Query(max_length=2000, description="`next` of the page before")] = None,
    ) -> None:
        self._request = request
        self._response = response
        self._limit = limit
        self._secret = request.app.state.settings.secret_key.get_secret_value().encode()
        self._after = self._decode(cursor) if cursor is not None else None

    def answer(
        self,
        fetch: Callable[[Key | None, int], Page[RowT]],
        shape: Callable[[Sequence[RowT]], Sequence[ItemT]],
        item: type[ItemT],
    ) -> ListOf[ItemT] | Response:
        """`fetch(after, limit)` reads a page, `shape` turns its rows into the `item` model of the answer."""
        form = wanted_type(self._request.headers.get("accept", ""))
        self._response.headers["Vary"] = "Accept"
        if form is not None:
            name = self._request.url.path.rstrip("/").rsplit("/", 1)[-1]
            return export(form, name, item, self._every_row(fetch, shape))
        page = fetch(self._after, self._limit or 100)
        following = self._encode(page.next) if page.next is not None else None
        if following is not None:
            address = self._request.url.include_query_params(cursor=following)
            self._response.headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'
        return ListOf[item](items=list(shape(page.rows)), next=following)  # type: ignore[valid-type]

    def _every_row(
        self,
        fetch: Callable[[Key | None, int], Page[RowT]],
        shape: Callable[[Sequence[RowT]], Sequence[ItemT]],
    ) -> Iterator[ItemT]:
        left, after = self._limit or EXPORTED_ROWS, self._after
        while left > 0:
            page = fetch(after, min(left, MAXIMUM_LIMIT))
            yield from shape(page.rows)
            left, after = left - len(page.rows), page.next
            if after is None:
                return

    def _sign(self, body: bytes) -> bytes:
        # The path is signed along: a cursor of one list means nothing in another.
        signed = b"cursor:" + self._request.url.path.encode() + b"\n" + body
        return hmac.digest(self._secret, signed, hashlib.sha256)[:_SIGNATURE_BYTES]

    def _encode(self, key: Key) -> str:
        body = msgspec.msgpack.encode(key)
        return urlsafe_b64encode(self._sign(body) + body).decode().rstrip("=")

    def _decode(self, cursor: str) -> Key:
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raw = b""
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(body)):
            raise Refused(
                "this is not the cursor of a page of this list; begin without one",
                place="query.cursor",
                slug="bad-cursor",
            )
        return msgspec.msgpack.decode(body, type=tuple[Any, ...])


PagingDep = Annotated[Paging, Depends()]
