"""Text messages through a gateway: the template, the escaping, and when the gateway has taken one."""

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from safety_service.channels import sms
from safety_service.channels.http import open_client
from safety_service.channels.sms import SmsConfig
from safety_service.domain.delivery import Notice, Reply
from tests.notices import NOW, notice, trial
from tests.receivers import Answer, Got, Says, receiver

TEXT = "【二级/橙】宿舍门敞开（发生） 第一小学 三号宿舍楼 三楼烟感 2026-09-01 16:00:00"
TEMPLATE = '{"to": "{phones}", "message": "{text}", "ref": "{id}", "opts": {"a": {}}}'


def send(
    answer: Answer = lambda got: Says(), about: Notice | None = None, *, path: str = "/send", **more: Any
) -> tuple[Reply, list[Got]]:
    with receiver(answer) as there, open_client(private_targets=True) as client:
        fields = {"url": there.base_url + path, "body": TEMPLATE, "phones": ["13800000000", "+8613900000000"]}
        return sms.send(SmsConfig(**{**fields, **more}), about or notice(), client, NOW), there.got


def test_json_is_filled_in() -> None:
    reply, (got,) = send(headers={"Authorization": "Bearer hidden"})
    assert reply == Reply(verdict="accepted", answer="HTTP 200\nok")
    assert got.message == {
        "to": "13800000000,+8613900000000",
        "message": TEXT,
        "ref": "42",
        "opts": {"a": {}},
    }
    assert got.headers["content-type"] == "application/json"
    assert got.headers["authorization"] == "Bearer hidden"


@pytest.mark.parametrize("odd", ['quo"te', "back\\slash", "a&b=c", "{phones}", "<x>", "100% + 1", "表情😀"])
def test_a_name_from_outside_changes_no_structure(odd: str) -> None:
    about = notice(title={"zh": odd})
    _, (json,) = send(about=about)
    assert f"】{odd}（" in json.message["message"]
    form = "to={phones}&text={text}"
    _, (posted,) = send(about=about, body=form, content_type="application/x-www-form-urlencoded")
    fields = parse_qs(posted.body.decode())
    assert set(fields) == {"to", "text"}
    assert f"】{odd}（" in fields["text"][0]
    assert fields["to"] == ["13800000000,+8613900000000"]
    _, (xml,) = send(about=about, body="<m>{text}</m>", content_type="text/xml; charset=utf-8")
    assert xml.body.count(b"<") == 2


def test_a_gateway_that_wants_get() -> None:
    path = "/send?key=hidden&to={phones}&text={text}"
    reply, (got,) = send(path=path, method="GET", body="", separator=";")
    assert (reply.verdict, got.method) == ("accepted", "GET")
    query = parse_qs(urlsplit(got.path).query)
    assert query == {"key": ["hidden"], "to": ["13800000000;+8613900000000"], "text": [TEXT]}


def test_a_test_message_goes_the_same_way() -> None:
    _, (got,) = send(about=trial(), language="en")
    assert got.message["message"].startswith("Test message: this channel works ")
    assert got.message["ref"] == "test-abc"


def test_a_text_is_no_longer_than_allowed() -> None:
    _, (got,) = send(longest_text=30)
    assert len(got.message["message"]) == 30


SUCCESS = {"path": "data.0.code", "equals": "OK", "try_again": ["LIMIT", 7]}


@pytest.mark.parametrize(
    ("success", "status", "body", "verdict"),
    [
        ({}, 200, b"whatever", "accepted"),
        ({}, 400, b"", "failed"),
        ({}, 503, b"", "retry"),
        ({}, 429, b"", "retry"),
        ({"statuses": [202]}, 202, b"", "accepted"),
        ({"statuses": [202]}, 200, b"", "failed"),
        ({"path": "code"}, 200, b'{"code": 0}', "accepted"),
        ({"path": "code"}, 200, b'{"code": "0"}', "accepted"),
        ({"path": "code"}, 200, b'{"code": 1}', "failed"),
        ({"path": "code"}, 200, b'{"code": false}', "failed"),
        ({"path": "code"}, 200, b'{"code": null}', "failed"),
        ({"path": "ok", "equals": True}, 200, b'{"ok": true}', "accepted"),
        ({"path": "ok", "equals": True}, 200, b'{"ok": 1}', "failed"),
        ({"path": "code"}, 500, b'{"code": 0}', "retry"),
        (SUCCESS, 200, b'{"data": [{"code": "OK"}]}', "accepted"),
        (SUCCESS, 200, b'{"data": [{"code": "LIMIT"}]}', "retry"),
        (SUCCESS, 200, b'{"data": [{"code": 7}]}', "retry"),
        (SUCCESS, 200, b'{"data": [{"code": "BAD"}]}', "failed"),
        (SUCCESS, 200, b'{"data": []}', "retry"),
        (SUCCESS, 200, b'{"data": {}}', "retry"),
        (SUCCESS, 200, b'{"data": 5}', "retry"),
        (SUCCESS, 200, b"<html>", "retry"),
    ],
)
def test_when_the_gateway_has_taken_it(
    success: dict[str, Any], status: int, body: bytes, verdict: str
) -> None:
    reply, _ = send(lambda got: Says(status, body), success=success)
    assert reply.verdict == verdict
    assert reply.answer.startswith(f"HTTP {status}")


def test_credentials_are_neither_shown_nor_logged(caplog: pytest.LogCaptureFixture) -> None:
    fields: dict[str, Any] = {
        "url": "https://sms.example/send?key=hidden",
        "headers": {"Authorization": "hidden"},
        "body": "password=hidden",
        "phones": ["13800000000"],
    }
    config = SmsConfig(**fields)
    shown = sms.shown(config)
    assert (shown["url"], shown["headers"], shown["body"]) == (
        "https://sms.example/…",
        {"Authorization": "…"},
        "…",
    )
    with caplog.at_level(logging.WARNING):
        send(headers={"Authorization": "hidden"}, path="/send?key=hidden")
    assert "hidden" not in repr(config) + str(shown) + caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "sms.example"},
        {"url": "https://sms.example/…"},
        {"body": "…"},
        {"headers": {"Authorization": "…"}},
        {"headers": {"a b": "c"}},
        {"headers": {"a": "b\r\nc: d"}},
        {"phones": []},
        {"phones": ["all"]},
        {"method": "DELETE"},
        {"success": {"path": ""}},
        {"success": {"colour": 1}},
    ],
)
def test_a_config_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SmsConfig(**{"url": "https://sms.example/", "phones": ["13800000000"], **wrong})
