"""Robot of a Feishu group (飞书群机器人): text, signed in the body with the time in seconds."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import Field

from safety_service.channels.addresses import MASK, OptionalSecret, Secret, WebAddress, host_of
from safety_service.channels.http import GuardedClient
from safety_service.channels.kind import Kind
from safety_service.channels.robots import RobotConfig, judge_robot, post, with_keyword
from safety_service.domain.delivery import Notice, Reply
from safety_service.domain.messages import text_of

TRY_AGAIN = frozenset({9499, 11232})
"""Too many requests; too many messages of this robot."""


class FeishuConfig(RobotConfig):
    """`token` as at the end of the robot's address; `secret` where its guard is the signature."""

    base_url: WebAddress = "https://open.feishu.cn"
    token: Secret
    secret: OptionalSecret = None
    per_minute: int = Field(default=100, ge=1, le=6000)


def sign(secret: str, seconds: int) -> str:
    """The other way round than at DingTalk: what is signed there is the key here; nothing is signed."""
    key = f"{seconds}\n{secret}".encode()
    return base64.b64encode(hmac.digest(key, b"", hashlib.sha256)).decode()


def send(config: FeishuConfig, notice: Notice, client: GuardedClient, now: datetime) -> Reply:
    content = with_keyword(text_of(notice, config.language), config.keyword).whole
    # A text may hold tags, such as one that calls everybody: names from outside must not bring any.
    message: dict[str, Any] = {"msg_type": "text", "content": {"text": content.replace("<", "＜")}}
    if config.secret is not None:
        seconds = int(now.timestamp())
        message |= {"timestamp": str(seconds), "sign": sign(config.secret, seconds)}
    url = f"{config.base_url.rstrip('/')}/open-apis/bot/v2/hook/{quote(config.token, safe='')}"
    return post(
        client,
        url,
        message,
        lambda answer: judge_robot(answer, now, field="code", try_again=TRY_AGAIN),
    )


def shown(config: FeishuConfig) -> dict[str, Any]:
    return config.model_dump() | {"token": MASK, "secret": None if config.secret is None else MASK}


KIND = Kind(
    config=FeishuConfig,
    send=send,
    shown=shown,
    host=lambda config: host_of(config.base_url),
    per_minute=lambda config: config.per_minute,
)
