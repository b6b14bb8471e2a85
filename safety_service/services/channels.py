"""Channels as people set them up: checked by their kind, shown without secrets, tried with a test message."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.channels.http import GuardedClient
from safety_service.channels.kind import Kind
from safety_service.channels.table import CHANNELS
from safety_service.channels.targets import TargetRefusedError, refuse_private_host
from safety_service.domain.delivery import Reply, trial_notice
from safety_service.domain.errors import Conflict, Refused
from safety_service.domain.places import Place
from safety_service.services import rosters
from safety_service.services.delivery import LEASE
from safety_service.store import audit, notifications, registry
from safety_service.store import channels as store
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_outbox import Channel


class ChannelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as somebody wants it; `schools` empty: every school."""

    kind: str
    config: Mapping[str, Any]
    schools: tuple[str, ...] = ()
    min_severity: str = "warning"
    send_resolved: bool = True
    enabled: bool = True


def shown_config(row: Channel) -> dict[str, Any]:
    """What of the config may be seen; nothing where this version cannot read it."""
    kind = CHANNELS.get(row.kind)
    if kind is None:
        return {}
    try:
        return kind.shown(kind.config(**row.config))
    except ValidationError:
        return {}


def put(
    session: Session, channel_id: str, wanted: ChannelSettings, *, private_targets: bool, now: datetime
) -> Channel:
    """Makes or replaces a channel; raises Refused with every problem.

    A field of the config that comes back as it is shown, or a field that is not sent, stays as it was. What
    waits for a later attempt is tried at once: the change may be the repair.
    """
    kind = CHANNELS.get(wanted.kind)
    if kind is None:
        known = ", ".join(sorted(CHANNELS))
        raise Refused(f"there is no channel kind {wanted.kind!r}; known are {known}", place="body.kind")
    row = store.find(session, channel_id)
    config = _checked(kind, _completed(row, wanted), private_targets)
    unknown = frozenset(wanted.schools) - registry.known_schools(session, frozenset(wanted.schools))
    if unknown:
        raise Refused(f"there is no school {', '.join(sorted(unknown))}", place="body.schools")
    row = row or Channel(id=channel_id, kind=wanted.kind)
    row.kind, row.config = wanted.kind, config.model_dump(mode="json")
    row.schools, row.min_severity = sorted(set(wanted.schools)), wanted.min_severity
    row.send_resolved, row.enabled, row.disabled_reason = wanted.send_resolved, wanted.enabled, None
    session.add(row)
    session.flush()
    notifications.hurry(session, channel_id, now, now + LEASE)
    audit.record(session, "channel.put", "channel", channel_id, now=now, detail=_described(row))
    return row


def delete(session: Session, channel_id: str, *, now: datetime) -> None:
    """Removes a channel; what still waited for it has failed and says so.

    Raises Conflict where an escalation or a roster still tells it.
    """
    row = store.get(session, channel_id)
    users = [f"escalation {name}" for name in rosters.policies_asking(session, "channel", channel_id)]
    users += [f"roster {name}" for name in rosters.rosters_naming(session, channel_id)]
    if users:
        raise Conflict(f"the channel is used by {', '.join(users)}", slug="in-use")
    notifications.end_all(session, channel_id, "not sent: the channel was deleted")
    audit.record(session, "channel.delete", "channel", channel_id, now=now, detail=_described(row))
    session.delete(row)
    session.flush()


def send_test(
    engine: Engine,
    client: GuardedClient,
    channel_id: str,
    *,
    actor: audit.Actor,
    timezone: str,
    now: datetime,
) -> Reply:
    """Sends a test message now, to a disabled channel too, outside any transaction."""
    with session_scope(engine, EVERY_SCHOOL) as session:
        row = store.get(session, channel_id)
        kind_name, stored = row.kind, dict(row.config)
    kind = CHANNELS.get(kind_name)
    if kind is None:
        raise Refused(f"this version has no channel kind {kind_name!r}", place="path.channel_id")
    config = _read(kind, stored)
    place = Place(timezone=timezone)
    notice = trial_notice(uuid4().hex, channel_id, actor.name, now, place=place)
    reply: Reply = kind.send(config, notice, client, now)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        audit.act_as(session, actor)
        audit.record(
            session, "channel.test", "channel", channel_id, now=now, detail={"verdict": reply.verdict}
        )
    return reply


def _completed(row: Channel | None, wanted: ChannelSettings) -> dict[str, Any]:
    if row is None or row.kind != wanted.kind:
        return dict(wanted.config)
    masked = shown_config(row)
    kept = {
        name: value
        for name, value in row.config.items()
        if name not in wanted.config or (name in masked and wanted.config[name] == masked[name])
    }
    return {**wanted.config, **kept}


def _checked(kind: Kind[Any], fields: dict[str, Any], private_targets: bool) -> BaseModel:
    config = _read(kind, fields)
    if not private_targets:
        try:
            refuse_private_host(kind.host(config))
        except TargetRefusedError as error:
            raise Refused(str(error), place="body.config", slug="private-target") from error
    return config


def _read(kind: Kind[Any], fields: dict[str, Any]) -> BaseModel:
    try:
        config: BaseModel = kind.config(**fields)
    except ValidationError as error:
        problems = [
            (".".join(("body.config", *map(str, one["loc"]))), one["msg"].removeprefix("Value error, "))
            for one in error.errors(include_input=False, include_url=False)
        ]
        raise Refused("; ".join(f"{place}: {why}" for place, why in problems), problems=problems) from None
    return config


def _described(row: Channel) -> dict[str, Any]:
    kept = {
        "kind": row.kind,
        "schools": row.schools,
        "min_severity": row.min_severity,
        "enabled": row.enabled,
    }
    return {**kept, "config": shown_config(row)}
