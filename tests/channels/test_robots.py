"""Robots of WeCom, DingTalk and Feishu on the wire; the receivers here check what the real ones check."""

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec
import pytest
from pydantic import BaseModel, ValidationError

from safety_service.channels import dingtalk, feishu, wecom
from safety_service.channels.http import open_client
from safety_service.channels.kind import Kind
from safety_service.channels.robots import THROTTLED_SECONDS
from safety_service.channels.table import CHANNELS
from safety_service.domain.delivery import Notice, Reply
from tests.notices import NOW, digest, notice, trial
from tests.receivers import Answer, Got, Says, receiver

KEY, SECRET = "key-that-is-hidden", "SEC+hidden/secret="
MILLISECONDS, SECONDS = "1788249600500", "1788249600"
ROBOTS: dict[str, dict[str, Any]] = {
    "wecom": {"key": KEY},
    "dingtalk": {"access_token": KEY, "secret": SECRET},
    "feishu": {"token": KEY, "secret": SECRET},
}
FIELD = {"wecom": "errcode", "dingtalk": "errcode", "feishu": "code"}
EVERY_ROBOT = pytest.mark.parametrize("name", sorted(ROBOTS))


def says(status: int, body: dict[str, Any]) -> Says:
    return Says(status, msgspec.json.encode(body))


def accepts(name: str) -> Answer:
    return lambda got: says(200, {FIELD[name]: 0, "errmsg": "ok"})


def send(name: str, answer: Answer, about: Notice | None = None, **more: Any) -> tuple[Reply, list[Got]]:
    kind: Kind[Any] = CHANNELS[name]
    with receiver(answer) as there, open_client(private_targets=True) as client:
        config = kind.config(**{"base_url": there.base_url, **ROBOTS[name], **more})
        return kind.send(config, about or notice(), client, NOW), there.got


def test_wecom_gets_a_text_behind_its_key() -> None:
    reply, (got,) = send("wecom", accepts("wecom"), mentioned_mobiles=["13800000000"])
    assert reply.verdict == "accepted"
    assert got.path == f"/cgi-bin/webhook/send?key={KEY}"
    assert got.headers["content-type"].startswith("application/json")
    assert got.message["msgtype"] == "text"
    assert got.message["text"]["content"].startswith("【二级/橙】宿舍门敞开（发生）\n学校：第一小学\n")
    assert got.message["text"]["mentioned_mobile_list"] == ["13800000000"]


def test_dingtalk_is_signed_as_its_documentation_says() -> None:
    def checks(got: Got) -> Says:
        query = dict(parse_qsl(urlsplit(got.path).query))
        expected = hmac.new(SECRET.encode(), f"{query['timestamp']}\n{SECRET}".encode(), hashlib.sha256)
        right = base64.b64encode(expected.digest()).decode() == query["sign"]
        return says(200, {"errcode": 0 if right else 310000})

    reply, (got,) = send("dingtalk", checks, at_mobiles=["13800000000"])
    assert reply.verdict == "accepted"
    parts = urlsplit(got.path)
    assert parts.path == "/robot/send"
    assert parse_qs(parts.query)["access_token"] == [KEY]
    assert parse_qs(parts.query)["timestamp"] == [MILLISECONDS]
    assert "+" not in parts.query
    assert got.message["msgtype"] == "markdown"
    assert got.message["markdown"]["title"] == "【二级/橙】宿舍门敞开（发生）"
    assert got.message["markdown"]["text"].startswith(
        "**【二级/橙】宿舍门敞开（发生）**  \n学校：第一小学  \n"
    )
    assert got.message["markdown"]["text"].endswith("  \n@13800000000")
    assert got.message["at"] == {"atMobiles": ["13800000000"]}


def test_feishu_is_signed_the_other_way_round() -> None:
    def checks(got: Got) -> Says:
        key = f"{got.message['timestamp']}\n{SECRET}".encode()
        expected = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
        right = expected == got.message["sign"]
        return says(200, {"code": 0 if right else 19021})

    reply, (got,) = send("feishu", checks)
    assert reply.verdict == "accepted"
    assert got.path == f"/open-apis/bot/v2/hook/{KEY}"
    assert got.message["timestamp"] == SECONDS
    assert got.message["msg_type"] == "text"
    assert got.message["content"]["text"].startswith("【二级/橙】宿舍门敞开（发生）\n学校：第一小学\n")


def test_signatures_by_an_independent_reckoning() -> None:
    # printf '1700000000000\nSECabc' | openssl dgst -sha256 -hmac SECabc -binary | base64
    assert dingtalk.sign("SECabc", 1700000000000) == "jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM="
    # printf '' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf '1700000000\nabc' | od -An -tx1) …
    assert feishu.sign("abc", 1700000000) == "VIS10b0EBvzzSdFnuk4tznEmK5wHaruvf/WnViv2yR4="


def test_a_robot_without_a_secret_is_not_signed() -> None:
    _, (ding,) = send("dingtalk", accepts("dingtalk"), secret=None)
    assert ding.path == f"/robot/send?access_token={KEY}"
    _, (fei,) = send("feishu", accepts("feishu"), secret=None)
    assert set(fei.message) == {"msg_type", "content"}


@pytest.mark.parametrize(
    ("name", "code", "verdict"),
    [
        ("wecom", 0, "accepted"),
        ("wecom", 45009, "retry"),
        ("wecom", -1, "retry"),
        ("wecom", 93000, "failed"),
        ("wecom", 40058, "failed"),
        ("dingtalk", 0, "accepted"),
        ("dingtalk", 130101, "retry"),
        ("dingtalk", 410100, "retry"),
        ("dingtalk", -1, "retry"),
        ("dingtalk", 310000, "failed"),
        ("dingtalk", 300001, "failed"),
        ("feishu", 0, "accepted"),
        ("feishu", 11232, "retry"),
        ("feishu", 9499, "retry"),
        ("feishu", 19021, "failed"),
        ("feishu", 19024, "failed"),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_the_code_in_the_body_decides(name: str, code: int, verdict: str, status: int) -> None:
    reply, _ = send(name, lambda got: says(status, {FIELD[name]: code, "msg": "某种原因"}))
    expected = "failed" if (status, verdict) == (400, "accepted") else verdict
    assert reply.verdict == expected
    assert reply.wait_seconds == (THROTTLED_SECONDS if verdict == "retry" else 0)
    assert f"HTTP {status}" in reply.answer
    assert f'"{FIELD[name]}":{code}' in reply.answer
    assert "某种原因" in reply.answer


@EVERY_ROBOT
@pytest.mark.parametrize(
    "body", [b"", b"ok", b"<html>log in</html>", b"[]", b'{"errmsg":"ok"}', b'{"code":"0","errcode":false}']
)
def test_a_200_that_is_no_robot_s_is_not_delivered(name: str, body: bytes) -> None:
    reply, _ = send(name, lambda got: Says(200, body))
    assert reply.verdict == "retry"
    assert "not a robot's answer" in reply.answer


@EVERY_ROBOT
@pytest.mark.parametrize(
    ("status", "verdict"), [(500, "retry"), (502, "retry"), (429, "retry"), (404, "failed")]
)
def test_without_a_code_the_status_decides(name: str, status: int, verdict: str) -> None:
    reply, _ = send(name, lambda got: Says(status, b"no"))
    assert reply.verdict == verdict


@EVERY_ROBOT
def test_a_test_message_and_a_digest_arrive(name: str) -> None:
    for about in (trial(), digest(notice(number=1), notice(number=2))):
        reply, (got,) = send(name, accepts(name), about, language="both")
        assert reply.verdict == "accepted"
        assert ("测试消息" if about.type == "channel.test" else "2 条告警消息") in got.body.decode()
        assert ("Test message" if about.type == "channel.test" else "2 alert messages") in got.body.decode()


@EVERY_ROBOT
def test_nobody_is_called_for_a_recovery(name: str) -> None:
    people = {"wecom": {"mentioned_mobiles": ["13800000000"]}, "dingtalk": {"at_mobiles": ["13800000000"]}}
    _, (got,) = send(name, accepts(name), notice("resolved"), **people.get(name, {}))
    assert "13800000000" not in got.body.decode()
    assert "已恢复" in got.body.decode()


@EVERY_ROBOT
def test_the_demanded_keyword_stands_in_every_message(name: str) -> None:
    _, (got,) = send(name, accepts(name), keyword="校安")
    assert got.body.decode().count("校安") == (2 if name == "dingtalk" else 1)
    _, (got,) = send(name, accepts(name), keyword="宿舍")
    assert "） 宿舍" not in got.body.decode()


def test_wecom_is_cut_at_its_limit_between_characters() -> None:
    _, (got,) = send("wecom", accepts("wecom"), notice(title={"zh": "门" * 900}))
    content = got.message["text"]["content"]
    assert 2046 <= len(content.encode()) <= 2048
    assert content.endswith("门…")


def test_a_name_from_outside_makes_no_link_and_calls_nobody() -> None:
    evil = notice(device='[here](http://evil) # <at user_id="all">x</at>', place=None)
    _, (ding,) = send("dingtalk", accepts("dingtalk"), evil)
    assert not set("[]<>#") & set(ding.message["markdown"]["text"])
    _, (fei,) = send("feishu", accepts("feishu"), evil)
    assert "<" not in fei.message["content"]["text"]


@EVERY_ROBOT
def test_secrets_are_neither_shown_nor_logged(name: str, caplog: pytest.LogCaptureFixture) -> None:
    config: BaseModel = CHANNELS[name].config(**ROBOTS[name])
    shown = CHANNELS[name].shown(config)
    with caplog.at_level(logging.INFO):
        send(name, accepts(name))
    for secret in (KEY, SECRET):
        assert secret not in repr(config)
        assert secret not in str(shown)
        assert secret not in caplog.text
    assert shown["base_url"].startswith("https://")
    assert set(shown) == set(type(config).model_fields)


@EVERY_ROBOT
def test_a_private_relay_is_refused_where_those_are_not_allowed(name: str) -> None:
    kind: Kind[Any] = CHANNELS[name]
    with receiver() as there, open_client(private_targets=False) as client:
        config = kind.config(**{"base_url": there.base_url, **ROBOTS[name]})
        assert kind.host(config) == "127.0.0.1"
        assert kind.send(config, notice(), client, NOW).verdict == "failed"
        assert there.got == []


@EVERY_ROBOT
@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "ftp://relay"},
        {"per_minute": 0},
        {"language": "fr"},
        {"colour": "red"},
        {"mentioned_mobiles": ["everybody"], "at_mobiles": ["everybody"]},
        {"key": "…", "access_token": "…", "token": "…"},
        {"key": "", "access_token": "", "token": ""},
    ],
)
def test_a_config_that_cannot_work_is_refused(name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        CHANNELS[name].config(**{**ROBOTS[name], **wrong})
    assert SECRET not in str(refused.value)


def test_the_limits_and_addresses_are_the_official_ones() -> None:
    found = {}
    for name, module in {"wecom": wecom, "dingtalk": dingtalk, "feishu": feishu}.items():
        kind: Kind[Any] = module.KIND
        config = kind.config(**ROBOTS[name])
        read: Callable[[Any], int] | None = kind.per_minute
        assert read is not None
        found[name] = (read(config), config.base_url)
    assert found == {
        "wecom": (20, "https://qyapi.weixin.qq.com"),
        "dingtalk": (20, "https://oapi.dingtalk.com"),
        "feishu": (100, "https://open.feishu.cn"),
    }
