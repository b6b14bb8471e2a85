"""Alerts and their history as the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from safety_service.domain.types import Change, Condition, Disposition, Severity
from safety_service.store.rule_states import decode_key
from safety_service.store.tables import AlertTransition, StoredAlert

_LONGEST_COMMENT = 4000


class AlertOut(BaseModel):
    """One alert on its two axes: `condition` is the world, acknowledged and closed are the people."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    rule: str
    rule_version: str
    key: list[str]
    school: str
    device: str | None
    zone: str | None
    kind: str
    title: dict[str, str]
    severity: Severity
    condition: Condition
    raised_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    count: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    assignee: str | None
    closed_at: datetime | None
    closed_by: str | None
    disposition: str | None
    suppressed_by: str | None
    snapshot_url: str | None
    detail: dict[str, Any]


class TransitionOut(BaseModel):
    """One entry of the history; `number` is also the id in the live stream."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    alert_id: int
    school: str
    change: Change
    at: datetime
    severity: Severity
    condition: Condition
    actor: str
    reason: str | None
    comment: str | None
    detail: dict[str, Any]


class StreamItem(BaseModel):
    """What `GET /stream` sends as `data` of an `alert` event."""

    transition: TransitionOut
    alert: AlertOut


class CommentIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    comment: str | None = Field(default=None, max_length=_LONGEST_COMMENT)


class RemarkIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    comment: str = Field(min_length=1, max_length=_LONGEST_COMMENT)


class AssignIn(CommentIn):
    assignee: str = Field(min_length=1, max_length=100, description="A user name")


class CloseIn(CommentIn):
    disposition: Disposition
    evidence: list[str] = Field(
        default=[], max_length=20, description="Links or references to what supports the disposition"
    )


def alert_out(row: StoredAlert) -> AlertOut:
    fields = {name: getattr(row, name) for name in AlertOut.model_fields if name != "key"}
    return AlertOut(key=list(decode_key(row.key)), **fields)


def alerts_out(rows: Sequence[StoredAlert]) -> list[AlertOut]:
    return [alert_out(row) for row in rows]


def transitions_out(rows: Sequence[AlertTransition]) -> list[TransitionOut]:
    return [TransitionOut.model_validate(row) for row in rows]


def stream_item(row: AlertTransition, alert: StoredAlert) -> StreamItem:
    return StreamItem(transition=TransitionOut.model_validate(row), alert=alert_out(alert))
