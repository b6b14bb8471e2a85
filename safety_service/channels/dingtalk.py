"""Robot of a DingTalk group (钉钉群机器人): markdown, signed in the query with the time in milliseconds."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import Field

from safety_service.channels.addresses import MASK, OptionalSecret, Secret, WebAddress, host_of
from safety_service.channels.http import GuardedClient
from safety_service.channels.kind import Kind
from safety_service.channels.robots import Phone, RobotConfig, judge_robot, post, with_keyword
from safety_service.domain.delivery import Notice, Reply
from safety_service.domain.messages import Text, text_of

TRY_AGAIN = frozenset({-1, 130101, 410100})
"""The system is busy; too many messages, in both numbers that are in use for it."""
_MARKS = str.maketrans("[]<>*#`", "［］＜＞＊＃｀")


class DingtalkConfig(RobotConfig):
    """`secret` (`SEC…`) where the robot's guard is the signature; `at_mobiles` are called by name."""

    base_url: WebAddress = "https://oapi.dingtalk.com"
    access_token: Secret
    secret: OptionalSecret = None
    at_mobiles: list[Phone] = Field(default=[], max_length=100)


def sign(secret: str, milliseconds: int) -> str:
    """The base64 of HMAC-SHA256, before it is percent-encoded into the query."""
    signed = f"{milliseconds}\n{secret}".encode()
    return base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()


def send(config: DingtalkConfig, notice: Notice, client: GuardedClient, now: datetime) -> Reply:
    text = with_keyword(text_of(notice, config.language), config.keyword)
    mobiles = config.at_mobiles if notice.type != "alert.resolved" else []
    message: dict[str, Any] = {
        "msgtype": "markdown",
        "markdown": {"title": text.title, "text": _markdown(text, mobiles)},
        "at": {"atMobiles": mobiles},
    }
    query = {"access_token": config.access_token}
    if config.secret is not None:
        milliseconds = int(now.timestamp() * 1000)
        query |= {"timestamp": str(milliseconds), "sign": sign(config.secret, milliseconds)}
    url = f"{config.base_url.rstrip('/')}/robot/send?{urlencode(query)}"
    return post(
        client,
        url,
        message,
        lambda answer: judge_robot(answer, now, field="errcode", try_again=TRY_AGAIN),
    )


def _markdown(text: Text, mobiles: list[str]) -> str:
    """Two spaces before a line break keep it; marks that came with a name must not make a link or a heading.

    A person is called only if the number stands in the text too.
    """
    lines = [f"**{text.title.translate(_MARKS)}**", *(line.translate(_MARKS) for line in text.lines)]
    if mobiles:
        lines.append(" ".join(f"@{mobile}" for mobile in mobiles))
    return "  \n".join(lines)


def shown(config: DingtalkConfig) -> dict[str, Any]:
    secret = None if config.secret is None else MASK
    return config.model_dump() | {"access_token": MASK, "secret": secret}


KIND = Kind(
    config=DingtalkConfig,
    send=send,
    shown=shown,
    host=lambda config: host_of(config.base_url),
    per_minute=lambda config: config.per_minute,
)
