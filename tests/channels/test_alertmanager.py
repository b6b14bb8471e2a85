"""The Alertmanager webhook: its fields as version 4 has them, one identity from raise to resolve."""

from typing import Any

import pytest
from pydantic import ValidationError

from safety_service.channels import alertmanager
from safety_service.channels.alertmanager import AlertmanagerConfig
from safety_service.channels.http import open_client
from safety_service.domain.delivery import Notice, Reply
from safety_service.domain.types import Change
from tests.notices import NOW, notice, trial
from tests.receivers import Got, Says, receiver

TOKEN = "token-that-is-hidden"


def send(about: Notice, status: int = 200, **more: Any) -> tuple[Reply, Got]:
    with receiver(lambda got: Says(status)) as there, open_client(private_targets=True) as client:
        reply = alertmanager.send(AlertmanagerConfig(url=there.url, **more), about, client, NOW)
        (got,) = there.got
        return reply, got


def sent(change: Change = "raised", **more: Any) -> dict[str, Any]:
    return send(notice(change, **more))[1].message


def test_a_firing_alert() -> None:
    reply, got = send(notice(link="https://x.example/desk"), bearer_token=TOKEN, language="en")
    assert reply.verdict == "accepted"
    assert got.headers["authorization"] == f"Bearer {TOKEN}"
    labels = {
        "alertname": "door-open",
        "key": "370828-001/d-1",
        "school": "370828-001",
        "kind": "door_open",
        "zone": "dorm-3",
        "device": "d-1",
        "severity": "major",
    }
    annotations = {
        "summary": "[Major/orange] Dormitory door open (raised)",
        "description": "School: Primary School 1\nZone: 三号宿舍楼\nDevice: 三楼烟感\n"
        "Time: 2026-09-01 16:00:00\nHandle it: https://x.example/desk",
        "alert_id": "7",
    }
    message = got.message
    fingerprint = message["alerts"][0].pop("fingerprint")
    assert len(bytes.fromhex(fingerprint)) == 8
    assert message == {
        "version": "4",
        "groupKey": '{}:{alertname="door-open", key="370828-001/d-1"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "campus-safety",
        "groupLabels": {"alertname": "door-open", "key": "370828-001/d-1"},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "https://x.example/desk",
        "alerts": [
            {
                "status": "firing",
                "labels": labels,
                "annotations": annotations,
                "startsAt": "2026-09-01T08:00:00.500000Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "https://x.example/desk",
            }
        ],
    }


def test_a_resolved_alert_ends_the_same_one() -> None:
    raised, risen, over = sent(), sent("severity_raised", severity="critical"), sent("resolved")
    assert over["status"] == over["alerts"][0]["status"] == "resolved"
    assert over["alerts"][0]["endsAt"] == "2026-09-01T08:00:00.500000Z"
    for other in (risen, over):
        assert other["groupKey"] == raised["groupKey"]
        assert other["alerts"][0]["fingerprint"] == raised["alerts"][0]["fingerprint"]
        assert other["alerts"][0]["startsAt"] == raised["alerts"][0]["startsAt"]


def test_another_device_is_another_alert() -> None:
    one, other = sent(), sent(device="d-2", key=("370828-001", "d-2"))
    assert one["alerts"][0]["fingerprint"] != other["alerts"][0]["fingerprint"]
    assert one["groupKey"] != other["groupKey"]


def test_a_name_from_outside_does_not_break_the_group_key() -> None:
    assert sent(key=('a"b\\c\nd',))["groupKey"] == '{}:{alertname="door-open", key="a\\"b\\\\c d"}'


def test_a_test_message_calls_nobody_out() -> None:
    reply, got = send(trial())
    assert reply.verdict == "accepted"
    (alert,) = got.message["alerts"]
    assert (alert["status"], alert["labels"]["alertname"]) == ("resolved", "ChannelTest")
    assert alert["endsAt"] == "2026-09-01T08:00:00.500000Z"
    assert alert["annotations"]["summary"] == "测试消息：通道可用"


@pytest.mark.parametrize(("status", "verdict"), [(204, "accepted"), (500, "retry"), (401, "failed")])
def test_the_status_decides(status: int, verdict: str) -> None:
    assert send(notice(), status)[0].verdict == verdict


def test_secrets_are_not_shown() -> None:
    config = AlertmanagerConfig(url="https://x.example/hidden", bearer_token=TOKEN)
    shown = alertmanager.shown(config)
    assert (shown["url"], shown["bearer_token"]) == ("https://x.example/…", "…")
    assert alertmanager.shown(AlertmanagerConfig(url="https://x.example/"))["bearer_token"] is None
    assert TOKEN not in repr(config)
    assert "hidden" not in repr(config)


@pytest.mark.parametrize("wrong", ["a\r\nb: c", "…", ""])
def test_a_token_that_cannot_be_sent_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        AlertmanagerConfig(url="https://x.example/", bearer_token=wrong)
