"""Channels: where notifications go, and whether they get there."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from safety_service.api.deps import EngineDep, Now, SessionDep, SettingsDep, require
from safety_service.api.paging import LIST_RESPONSES, ListOf, PagingDep
from safety_service.api.routing import new_router
from safety_service.domain.delivery import Verdict
from safety_service.domain.rights import Caller
from safety_service.domain.types import Severity
from safety_service.services import channels, delivery
from safety_service.store import channels as store
from safety_service.store.audit import Actor
from safety_service.store.tables_outbox import Channel

router = new_router("channels")

ChannelId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Reader = Annotated[Caller, Depends(require("rules:read"))]
Writer = Annotated[Caller, Depends(require("rules:write", county=True))]


class ChannelIn(BaseModel):
    """`config` as its kind asks; what comes back as it is shown, or not at all, stays as it was."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "kind": "webhook",
                "config": {
                    "url": "https://duty.example.org/hooks/campus",
                    "secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
                },
                "min_severity": "major",
            }
        },
    )

    kind: str = Field(max_length=40)
    config: dict[str, Any] = {}
    schools: list[str] = Field(default=[], max_length=5000, description="Empty: every school")
    min_severity: Severity = "warning"
    send_resolved: bool = True
    enabled: bool = True


class ChannelOut(BaseModel):
    """A channel; secrets in `config` are masked. `disabled_reason`: why the service itself stopped it."""

    id: str
    kind: str
    config: dict[str, Any]
    schools: list[str]
    min_severity: Severity
    send_resolved: bool
    enabled: bool
    disabled_reason: str | None


class TestOut(BaseModel):
    """What the receiver said to a test message, as it said it."""

    verdict: Verdict
    answer: str


def get_client(settings: SettingsDep) -> Iterator[delivery.GuardedClient]:
    with delivery.open_client(settings) as client:
        yield client


def channel_out(session: Session, row: Channel) -> ChannelOut:
    computed = {"config": channels.shown_config(row), "schools": store.shown_schools(session, row)}
    plain = {name: getattr(row, name) for name in ChannelOut.model_fields if name not in computed}
    return ChannelOut(**computed, **plain)


@router.get("/channels", responses=LIST_RESPONSES, response_model=ListOf[ChannelOut])
def list_channels(_caller: Reader, session: SessionDep, paging: PagingDep) -> ListOf[ChannelOut] | Response:
    """By id: those for every school and those for the caller's own."""
    return paging.answer(
        lambda after, limit: store.list_page(session, after, limit),
        lambda rows: [channel_out(session, row) for row in rows],
        ChannelOut,
    )


@router.get("/channels/{channel_id}")
def read_channel(_caller: Reader, session: SessionDep, channel_id: ChannelId) -> ChannelOut:
    return channel_out(session, store.get(session, channel_id))


@router.put("/channels/{channel_id}")
def put_channel(
    _caller: Writer,
    session: SessionDep,
    settings: SettingsDep,
    now: Now,
    channel_id: ChannelId,
    body: ChannelIn,
) -> ChannelOut:
    """Makes or replaces a channel; what waits for it is tried again at once."""
    fields = {
        name: getattr(body, name) for name in ("kind", "config", "min_severity", "send_resolved", "enabled")
    }
    wanted = channels.ChannelSettings(schools=tuple(body.schools), **fields)
    private = settings.webhook_private_targets
    row = channels.put(session, channel_id, wanted, private_targets=private, now=now)
    return channel_out(session, row)


@router.delete("/channels/{channel_id}", status_code=204)
def delete_channel(_caller: Writer, session: SessionDep, now: Now, channel_id: ChannelId) -> None:
    """Removes it; notifications that still waited for it fail and say why."""
    channels.delete(session, channel_id, now=now)


@router.post("/channels/{channel_id}/test")
def test_channel(
    caller: Writer,
    engine: EngineDep,
    settings: SettingsDep,
    client: Annotated[delivery.GuardedClient, Depends(get_client)],
    now: Now,
    channel_id: ChannelId,
) -> TestOut:
    """Sends a test message now and answers what the receiver said; no session, so no lock while it waits."""
    actor = Actor(caller.name, caller.address)
    reply = channels.send_test(engine, client, channel_id, actor=actor, timezone=settings.timezone, now=now)
    return TestOut(verdict=reply.verdict, answer=reply.answer)
