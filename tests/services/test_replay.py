"""Rejected messages go in again after a fix: each once, whoever asks, how often, and whatever is killed."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import tzinfo
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from typer.testing import CliRunner, Result

from safety_service.commands import messages as commands
from safety_service.domain.decoding import DECODERS, Topic
from safety_service.domain.types import Event, Message, Rejected
from safety_service.services import replay
from safety_service.store import event_log, messages, rejected
from safety_service.store.event_log import Refusal
from safety_service.store.rejected import RejectedFilter
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import RejectedMessage, StoredEvent
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.services.test_pipeline import House, at

ALL = RejectedFilter()


def refuse(
    engine: Engine, count: int, *, reason: str = "not_json", school: str = SCHOOL, parts: int = 1
) -> None:
    """So many messages more, each refused in so many parts."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        sent = [Message(topic="t", payload=f"{reason} {n}".encode(), received_at=NOW) for n in range(count)]
        last = messages.append(session, 1, sent)
        refused = [
            Refusal(message, school, Rejected(reason=reason, place=f"[{part}]", detail=""))
            for message in messages.read_after(session, 1, last - count, count)
            for part in range(parts)
        ]
        event_log.insert_rejected(session, 1, refused)


def log(engine: Engine, behind: int = 0) -> list[bytes]:
    with session_scope(engine, EVERY_SCHOOL) as session:
        return [message.payload for message in messages.read_after(session, 1, behind, 10_000)]


def replay_all(engine: Engine, wanted: RejectedFilter = ALL, *, limit: int = 7) -> int:
    done = 0
    behind: int | None = 0
    while behind is not None:
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            step = replay.replay_batch(
                session, wanted, behind=behind, up_to=rejected.newest(session), now=NOW, limit=limit
            )
        done, behind = done + step.messages, step.behind
    return done


def test_a_message_is_kept_and_replayed_once_however_many_parts_were_refused(engine: Engine) -> None:
    refuse(engine, 10, parts=5)
    with session_scope(engine, EVERY_SCHOOL) as session:
        rows = session.exec(select(RejectedMessage.payload)).all()
    assert len(rows) == 50
    assert len([payload for payload in rows if payload is not None]) == 10
    assert replay_all(engine) == 10
    assert replay_all(engine) == 0
    assert log(engine, 10) == log(engine)[:10]


def test_two_at_once_replay_each_message_once(engine: Engine) -> None:
    refuse(engine, 40, parts=2)
    together = Barrier(2)

    def run(limit: int) -> int:
        together.wait()
        return replay_all(engine, limit=limit)

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(run, (3, 5))) == 40
    assert sorted(log(engine, 40)) == sorted(log(engine)[:40])


def test_what_was_cut_off_midway_is_done_by_the_next_run(engine: Engine) -> None:
    refuse(engine, 20)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        assert replay.replay_batch(session, ALL, behind=0, up_to=20, now=NOW, limit=5).behind == 5
    with pytest.raises(KeyboardInterrupt):
        replay_and_be_killed(engine)
    assert replay_all(engine) == 15
    assert sorted(log(engine, 20)) == sorted(log(engine)[:20])


def replay_and_be_killed(engine: Engine) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        replay.replay_batch(session, ALL, behind=5, up_to=20, now=NOW, limit=5)
        raise KeyboardInterrupt


def test_what_is_refused_again_meanwhile_does_not_go_in_circles(engine: Engine) -> None:
    refuse(engine, 3)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        up_to = rejected.newest(session)
    refuse(engine, 3)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        step = replay.replay_batch(session, ALL, behind=0, up_to=up_to, now=NOW, limit=5)
    assert (step.rejections, step.messages, step.behind) == (3, 3, None)


@pytest.fixture
def run(engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CAMPUS_DATABASE_URL", database_url)
    refuse(engine, 700)
    refuse(engine, 5, reason="unknown_school", school=OTHER_SCHOOL, parts=2)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(commands.app, arguments)

    return invoke


@pytest.mark.parametrize(
    ("arguments", "said", "count"),
    [
        ([], "705 messages replayed", 705),
        (["--reason", "unknown_school"], "5 messages replayed", 5),
        (["--school", OTHER_SCHOOL], "5 messages replayed", 5),
        (["--limit", "650"], "650 messages replayed", 650),
        (["--from", "2026-09-01T08:00:01"], "0 messages replayed", 0),
        (["--to", "2026-09-01T00:00:01Z"], "705 messages replayed", 705),
    ],
)
def test_the_command_replays_what_matches_once(
    run: Any, engine: Engine, arguments: Sequence[str], said: str, count: int
) -> None:
    done = run("replay", *arguments)
    assert (done.exit_code, done.stdout) == (0, f"{said}\n"), done.output
    assert len(log(engine, 705)) == count
    if "--limit" not in arguments:
        assert run("replay", *arguments).stdout == "0 messages replayed\n"


def test_the_command_counts_by_reason(run: Any) -> None:
    run("replay", "--limit", "100")
    assert run("rejected").stdout.splitlines() == [
        "not_json: 700 rejected, 600 not replayed",
        "unknown_school: 10 rejected, 10 not replayed",
    ]
    assert run("rejected", "--reason", "unknown_school").stdout.count("\n") == 1
    assert run("rejected", "--reason", "x").stdout == "nothing was rejected for x\n"
    assert run("replay", "--from", "yesterday").exit_code == 3


def test_a_decoder_that_raises_is_a_rejection_with_the_place_and_news_after_the_fix(
    two_schools: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_message: Message, _topic: Topic, _zone: tzinfo) -> list[Event | Rejected]:
        raise KeyError("nobody thought of this")

    house = House(two_schools)
    topic = f"campus/v1/{SCHOOL}/novel/gw"
    payload = b'{"specversion":"1.0","id":"1","source":"cam","type":"panic_button","data":{"phase":"pulse"}}'
    house.receive(Message(topic=topic, payload=payload, received_at=NOW, qos=1, retained=False))
    monkeypatch.setitem(DECODERS, "novel", broken)
    house.advance(at(seconds=1))
    [row] = house.rows(RejectedMessage)
    assert (row.reason, row.place.split(":")[:2]) == ("decoder_error", ["novel", "broken"])
    assert row.payload == payload

    monkeypatch.setitem(DECODERS, "novel", DECODERS["native"])
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        replay.replay(session, row.id, now=at(seconds=2), wake=lambda: None)
    house.advance(at(seconds=3))
    [event] = house.rows(StoredEvent)
    assert (event.kind, event.occurred_at) == ("panic_button", NOW)
