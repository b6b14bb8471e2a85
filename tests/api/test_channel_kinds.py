"""Every kind of channel over the API: set up, seen without its secrets, tried with the test button."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.channels.table import CHANNELS as KINDS
from safety_service.settings import Settings
from tests.api.test_channels import CHANNELS, owe, stored
from tests.mail_servers import mail_server
from tests.receivers import Receiver, Says, receiver

AsRole = Callable[[str], TestClient]
HIDDEN = "QUJDhiddenQUJDhiddenQUJDhiddenQUJDhidden"
ANSWER = Says(200, b'{"errcode":0,"code":0,"msg":"taken"}')


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Receivers of these tests are on this machine."""
    return settings.model_copy(update={"webhook_private_targets": True})


def config(kind: str, base: str, mail_port: int = 25) -> dict[str, Any]:
    configs: dict[str, dict[str, Any]] = {
        "alertmanager": {"url": f"{base}/hook?token={HIDDEN}", "bearer_token": HIDDEN},
        "dingtalk": {"base_url": base, "access_token": HIDDEN, "secret": HIDDEN},
        "feishu": {"base_url": base, "token": HIDDEN, "secret": HIDDEN},
        "sms": {
            "url": f"{base}/send?key={HIDDEN}",
            "headers": {"Authorization": HIDDEN},
            "body": '{"key": "' + HIDDEN + '", "to": "{phones}", "text": "{text}"}',
            "phones": ["13800000000"],
            "success": {"path": "code", "equals": 0},
        },
        "smtp": {
            "host": "127.0.0.1",
            "port": mail_port,
            "security": "none",
            "user": "campus",
            "password": HIDDEN,
            "sender": "campus@county.example",
            "recipients": ["duty@county.example"],
        },
        "webhook": {"url": f"{base}/hook?token={HIDDEN}", "secret": f"whsec_{HIDDEN}"},
        "wecom": {"base_url": base, "key": HIDDEN},
    }
    return configs[kind]


EVERY_KIND = pytest.mark.parametrize("kind", sorted(KINDS))


@EVERY_KIND
def test_secrets_stay_inside_and_what_comes_back_masked_stays(
    kind: str, client_as: AsRole, two_schools: Engine
) -> None:
    admin = client_as("admin")
    body = {"kind": kind, "config": config(kind, "https://relay.example.org")}
    first = admin.put(f"{CHANNELS}/one", json=body)
    assert first.status_code == 200, first.text
    before = stored(two_schools, "one").config
    again = admin.put(f"{CHANNELS}/one", json={"kind": kind, "config": first.json()["config"]})
    assert again.status_code == 200, again.text
    assert stored(two_schools, "one").config == before
    assert HIDDEN in str(before)
    answers = [
        first,
        again,
        admin.get(CHANNELS),
        admin.get("/api/v1/audit", params={"object_type": "channel"}),
    ]
    assert [HIDDEN in answer.text for answer in answers] == [False] * 4


@EVERY_KIND
def test_the_test_button_works(kind: str, client_as: AsRole) -> None:
    admin = client_as("admin")
    with receiver(lambda got: ANSWER) as there, mail_server() as mail:
        body = {"kind": kind, "config": config(kind, there.base_url, mail.port)}
        assert admin.put(f"{CHANNELS}/one", json=body).status_code == 200
        answer = admin.post(f"{CHANNELS}/one/test").json()
        assert answer["verdict"] == "accepted", answer
        assert ("queued" if kind == "smtp" else "taken") in answer["answer"]
        assert "测试消息" in _arrived(there, mail.mails)


def _arrived(there: Receiver, mails: list[Any]) -> str:
    return "".join([*(got.body.decode() for got in there.got), *(str(mail["Subject"]) for mail in mails)])


@EVERY_KIND
def test_a_private_target_is_refused_unless_allowed(kind: str, client_as: AsRole, app: FastAPI) -> None:
    app.state.settings = app.state.settings.model_copy(update={"webhook_private_targets": False})
    body = {"kind": kind, "config": config(kind, "http://127.0.0.1:9")}
    refused = client_as("admin").put(f"{CHANNELS}/one", json=body)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/private-target")


@EVERY_KIND
def test_a_wrong_field_is_named_and_no_secret_comes_back(kind: str, client_as: AsRole) -> None:
    wanted = {**config(kind, "https://relay.example.org"), "colour": HIDDEN}
    answer = client_as("admin").put(f"{CHANNELS}/one", json={"kind": kind, "config": wanted})
    assert answer.status_code == 422
    assert [problem["place"] for problem in answer.json()["problems"]] == ["body.config.colour"]
    assert HIDDEN not in answer.text


def test_what_failed_is_found_with_the_raw_answer(client_as: AsRole, two_schools: Engine) -> None:
    admin = client_as("admin")
    owe(two_schools)
    raw = 'HTTP 200\n{"errcode":93000,"errmsg":"invalid webhook url"}'
    number = owe(two_schools, state="failed", answer=raw, attempts=1)
    (row,) = admin.get("/api/v1/notifications", params={"state": "failed"}).json()["items"]
    assert (row["id"], row["answer"], row["attempts"]) == (number, raw, 1)
