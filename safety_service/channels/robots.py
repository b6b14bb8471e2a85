"""What the robots of WeCom, DingTalk and Feishu have in common: settings, and a code in the answer's body."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from safety_service.channels.http import GuardedClient, exchange
from safety_service.domain.delivery import HttpAnswer, Reply, judge_http, kept
from safety_service.domain.messages import Language, Text

THROTTLED_SECONDS = 60.0
"""How long a robot that said "too many" is left alone: all three reckon by the minute."""


def _phone(value: str) -> str:
    if not value.removeprefix("+").isdigit() or not value.isascii():
        raise ValueError("must be a telephone number of digits, with a + in front of a country code")
    return value


Phone = Annotated[str, Field(min_length=3, max_length=20), AfterValidator(_phone)]


class RobotConfig(BaseModel):
    """`keyword`: the word a robot demands in every message, where its owner chose that guard."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    language: Language = "zh"
    keyword: str = Field(default="", max_length=50)
    per_minute: int = Field(default=20, ge=1, le=6000)


def with_keyword(text: Text, keyword: str) -> Text:
    """The text with the word that the robot demands, if it does not hold it anyway."""
    if not keyword or keyword in text.whole:
        return text
    return Text(f"{text.title} {keyword}", text.lines)


def post(
    client: GuardedClient, url: str, message: dict[str, Any], judge: Callable[[HttpAnswer], Reply]
) -> Reply:
    body = msgspec.json.encode(message)
    return exchange(client, url, body, {"content-type": "application/json; charset=utf-8"}, judge)


def judge_robot(answer: HttpAnswer, now: datetime, *, field: str, try_again: frozenset[int]) -> Reply:
    """Accepted is a 2xx with the number 0 in `field` of its JSON body, and nothing else.

    The codes in `try_again` are throttling or trouble on the robot's side, whatever the status; any other is
    a refusal for good. A 2xx that does not come from a robot at all (a portal, a relay) is tried again.
    """
    code = _code(answer.body, field)
    text = kept(f"HTTP {answer.status}\n{answer.body}".strip())
    if code in try_again:
        return Reply(verdict="retry", answer=text, wait_seconds=THROTTLED_SECONDS)
    if not 200 <= answer.status <= 299:
        return judge_http(answer, now)
    if code is None:
        return Reply(verdict="retry", answer=kept(f"{text}\nnot a robot's answer: no number {field!r}"))
    return Reply(verdict="accepted" if code == 0 else "failed", answer=text)


def _code(body: str, field: str) -> int | None:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    code = found.get(field) if isinstance(found, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
