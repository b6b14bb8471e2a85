"""Text messages through an HTTP gateway of any provider: a request from a template, a test of its answer."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote
from xml.sax.saxutils import escape

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from safety_service.channels.addresses import MASK, WebAddress, host_of, in_full, shown_address
from safety_service.channels.http import GuardedClient, exchange
from safety_service.channels.kind import Kind
from safety_service.channels.robots import Phone
from safety_service.domain.delivery import HttpAnswer, Notice, Reply, judge_http, kept
from safety_service.domain.messages import Language, short_text, text_of

PLACEHOLDERS = ("phones", "text", "title", "id")
_PLACE = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_HEADER_NAME = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

Template = Annotated[str, Field(max_length=8000, repr=False), AfterValidator(in_full)]
Scalar = str | int | bool


def _headers(value: dict[str, str]) -> dict[str, str]:
    for name, content in value.items():
        if not _HEADER_NAME.match(name) or not content.isascii() or not content.isprintable():
            raise ValueError(f"{name!r} is no header of one line of ASCII")
        in_full(content)
    return value


class Success(BaseModel):
    """When the gateway took the message: its status, and if `path` is given a value in its JSON.

    `path` is dotted (`data.0.code`). Values in `try_again` (throttling) lead to another attempt, others are
    a refusal for good. `equals: 0` holds for the number as well as for the text.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    statuses: list[int] = Field(default=[200, 201, 202, 204], min_length=1)
    path: str | None = Field(default=None, min_length=1, max_length=200)
    equals: Scalar = 0
    try_again: list[Scalar] = []


class SmsConfig(BaseModel):
    """`{phones}`, `{text}`, `{title}` and `{id}` are put into url and body, escaped as the place demands."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    method: Literal["POST", "PUT", "GET"] = "POST"
    url: WebAddress
    headers: Annotated[dict[str, str], Field(max_length=20, repr=False), AfterValidator(_headers)] = {}
    body: Template = ""
    content_type: str = Field(default="application/json", max_length=100, pattern=r"^[ -~]+$")
    phones: list[Phone] = Field(min_length=1, max_length=200)
    separator: str = Field(default=",", min_length=1, max_length=3)
    language: Language = "zh"
    longest_text: int = Field(default=200, ge=20, le=1000)
    success: Success = Success()


def send(config: SmsConfig, notice: Notice, client: GuardedClient, now: datetime) -> Reply:
    values = {
        "phones": config.separator.join(config.phones),
        "text": short_text(notice, config.language, config.longest_text),
        "title": text_of(notice, config.language).title,
        "id": notice.id,
    }
    url = fill(config.url, values, lambda value: quote(value, safe=""))
    body = fill(config.body, values, _escaping(config.content_type)).encode()
    headers = {"content-type": config.content_type, **config.headers}
    return exchange(
        client, url, body, headers, lambda answer: judge(config.success, answer, now), method=config.method
    )


def fill(template: str, values: dict[str, str], escaped: Callable[[str], str]) -> str:
    """The template with every placeholder replaced once; other braces stay as they are."""
    return _PLACE.sub(lambda found: escaped(values[found[1]]), template)


def _escaping(content_type: str) -> Callable[[str], str]:
    if "json" in content_type:
        # Without its quotation marks: those stand in the template.
        return lambda value: msgspec.json.encode(value).decode()[1:-1]
    if "form-urlencoded" in content_type:
        return lambda value: quote(value, safe="")
    if "xml" in content_type:
        return lambda value: escape(value, {'"': "&quot;", "'": "&apos;"})
    return lambda value: value


def judge(success: Success, answer: HttpAnswer, now: datetime) -> Reply:
    """What the gateway's answer means; a body that cannot be read where one is expected is tried again."""
    text = kept(f"HTTP {answer.status}\n{answer.body}".strip())
    if answer.status not in success.statuses:
        reply = judge_http(answer, now)
        return Reply(verdict="failed", answer=text) if reply.verdict == "accepted" else reply
    if success.path is None:
        return Reply(verdict="accepted", answer=text)
    try:
        found = _at(msgspec.json.decode(answer.body), success.path)
    except (msgspec.DecodeError, LookupError, ValueError):
        return Reply(verdict="retry", answer=kept(f"{text}\nno {success.path!r} in the answer"))
    if _same(found, success.equals):
        return Reply(verdict="accepted", answer=text)
    again = any(_same(found, value) for value in success.try_again)
    return Reply(verdict="retry" if again else "failed", answer=text)


def _at(found: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(found, list):
            found = found[int(step)]
        elif isinstance(found, dict):
            found = found[step]
        else:
            raise LookupError(step)
    return found


def _same(found: Any, wanted: Scalar) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    return isinstance(found, str | int) and str(found) == str(wanted)


def shown(config: SmsConfig) -> dict[str, Any]:
    """Gateways want their credentials in any of the address, the headers and the body."""
    hidden = {
        "url": shown_address(config.url),
        "headers": dict.fromkeys(config.headers, MASK),
        "body": MASK if config.body else "",
    }
    return config.model_dump() | hidden


KIND = Kind(config=SmsConfig, send=send, shown=shown, host=lambda config: host_of(config.url))
