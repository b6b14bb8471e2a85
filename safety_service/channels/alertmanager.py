"""Webhook as Prometheus Alertmanager sends it (JSON, version 4), for receivers that already speak that."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from safety_service.channels.addresses import MASK, OptionalSecret, WebAddress, host_of, shown_address
from safety_service.channels.http import GuardedClient, exchange
from safety_service.channels.kind import Kind
from safety_service.domain.delivery import TRIAL, Notice, Reply, judge_http
from safety_service.domain.messages import Language, plain, text_of

NEVER = "0001-01-01T00:00:00Z"
"""How Alertmanager writes an end that has not come."""
_LABELS = ("school", "kind", "zone", "device")


class AlertmanagerConfig(BaseModel):
    """`receiver` is the name that the message carries; `bearer_token` goes into the Authorization header."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: WebAddress
    bearer_token: Annotated[OptionalSecret, Field(pattern=r"^[!-~…]+$")] = None
    receiver: str = Field(default="campus-safety", min_length=1, max_length=100)
    language: Language = "zh"


def send(config: AlertmanagerConfig, notice: Notice, client: GuardedClient, now: datetime) -> Reply:
    body = msgspec.json.encode(message(config, notice))
    headers = {"content-type": "application/json"}
    if config.bearer_token is not None:
        headers["authorization"] = f"Bearer {config.bearer_token}"
    return exchange(client, config.url, body, headers, lambda answer: judge_http(answer, now))


def message(config: AlertmanagerConfig, notice: Notice) -> dict[str, Any]:
    """A group of one alert. What identifies it is the same from raise to resolve, also if its severity rises.

    A test message comes as resolved: nobody is to be called out by it.
    """
    data = notice.data
    group = {
        "alertname": "ChannelTest" if notice.type == TRIAL else str(data["rule"]),
        "key": "/".join(data.get("key", [notice.id])),
    }
    places = {name: str(data[name]) for name in _LABELS if data.get(name)}
    labels = group | places | {"severity": str(data.get("severity", "none"))}
    status = "firing" if data.get("condition") == "firing" else "resolved"
    annotations = _annotations(config, notice)
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": _time(data.get("raised_at") or notice.timestamp),
        "endsAt": NEVER if status == "firing" else _time(data.get("resolved_at") or notice.timestamp),
        "generatorURL": notice.link or "",
        "fingerprint": fingerprint(group | places),
    }
    return {
        "version": "4",
        "groupKey": _group_key(group),
        "truncatedAlerts": 0,
        "status": status,
        "receiver": config.receiver,
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": notice.link or "",
        "alerts": [alert],
    }


def _annotations(config: AlertmanagerConfig, notice: Notice) -> dict[str, str]:
    text = text_of(notice, config.language)
    annotations = {"summary": text.title, "description": "\n".join(text.lines)}
    if notice.data.get("id"):
        annotations["alert_id"] = str(notice.data["id"])
    return annotations


def _group_key(group: dict[str, str]) -> str:
    return "{}:{" + ", ".join(f'{name}="{_quoted(value)}"' for name, value in group.items()) + "}"


def fingerprint(labels: dict[str, str]) -> str:
    """16 hexadecimal digits, the same for the same labels in any order."""
    return hashlib.sha256(msgspec.json.encode(labels, order="sorted")).hexdigest()[:16]


def _quoted(value: str) -> str:
    return plain(value).replace("\\", "\\\\").replace('"', '\\"')


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def shown(config: AlertmanagerConfig) -> dict[str, Any]:
    hidden = {
        "url": shown_address(config.url),
        "bearer_token": None if config.bearer_token is None else MASK,
    }
    return config.model_dump() | hidden


KIND = Kind(config=AlertmanagerConfig, send=send, shown=shown, host=lambda config: host_of(config.url))
