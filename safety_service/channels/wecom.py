"""Robot of a WeCom group (企业微信群机器人): a text of at most 2,048 bytes, no signature."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import Field

from safety_service.channels.addresses import MASK, Secret, WebAddress, host_of
from safety_service.channels.http import GuardedClient
from safety_service.channels.kind import Kind
from safety_service.channels.robots import Phone, RobotConfig, judge_robot, post, with_keyword
from safety_service.domain.delivery import Notice, Reply
from safety_service.domain.messages import text_of, within_bytes

LONGEST_BYTES = 2048
TRY_AGAIN = frozenset({-1, 45009})
"""The system is busy; too many messages."""


class WecomConfig(RobotConfig):
    """`key` as in the robot's address; `mentioned_mobiles` are called by name, but not to a resolve."""

    base_url: WebAddress = "https://qyapi.weixin.qq.com"
    key: Secret
    mentioned_mobiles: list[Phone] = Field(default=[], max_length=100)


def send(config: WecomConfig, notice: Notice, client: GuardedClient, now: datetime) -> Reply:
    content = with_keyword(text_of(notice, config.language), config.keyword).whole
    text: dict[str, Any] = {"content": within_bytes(content, LONGEST_BYTES)}
    if config.mentioned_mobiles and notice.type != "alert.resolved":
        text["mentioned_mobile_list"] = config.mentioned_mobiles
    query = urlencode({"key": config.key})
    url = f"{config.base_url.rstrip('/')}/cgi-bin/webhook/send?{query}"
    return post(
        client,
        url,
        {"msgtype": "text", "text": text},
        lambda answer: judge_robot(answer, now, field="errcode", try_again=TRY_AGAIN),
    )


def shown(config: WecomConfig) -> dict[str, Any]:
    return config.model_dump() | {"key": MASK}


KIND = Kind(
    config=WecomConfig,
    send=send,
    shown=shown,
    host=lambda config: host_of(config.base_url),
    per_minute=lambda config: config.per_minute,
)
