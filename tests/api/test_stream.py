"""The live stream: resumes from a number without gap or repeat, shows only the caller's schools."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Engine

from safety_service.api.stream import FURTHEST_BACK, Feed
from safety_service.domain.rights import Caller
from safety_service.live import Hub
from safety_service.store import alerts, counters
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests.conftest import OTHER_SCHOOL, SCHOOL
from tests.firing import raised

COUNTY = Caller(name="key:none", role="admin", every_school=True)
ONE_SCHOOL = Caller(name="key:none", role="security", every_school=False, schools=frozenset({SCHOOL}))


@pytest.fixture
def hub(two_schools: Engine) -> Iterator[Hub]:
    def newest() -> int:
        with session_scope(two_schools, EVERY_SCHOOL) as session:
            return alerts.last_transition(session)

    hub = Hub(newest)
    hub.start()
    yield hub
    hub.stop()


def raise_alerts(engine: Engine, *schools: str) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        alerts.hold_history(session)
        alerts.apply(session, [raised(school) for school in schools])


async def take(feed: AsyncIterator[bytes], count: int) -> list[dict[str, str]]:
    """The next `count` events of the stream, comments left out."""
    found: list[dict[str, str]] = []
    while len(found) < count:
        text = (await asyncio.wait_for(anext(feed), 10)).decode()
        fields = dict(line.split(": ", 1) for line in text.splitlines() if line and not line.startswith(":"))
        if "event" in fields:
            found.append(fields)
    return found


def numbers(events: list[dict[str, str]]) -> list[int]:
    return [int(event["id"]) for event in events]


def test_begins_at_the_newest_and_brings_what_comes(two_schools: Engine, hub: Hub) -> None:
    raise_alerts(two_schools, SCHOOL)

    async def scene() -> None:
        feed = Feed(two_schools, hub, COUNTY).events(None)
        first = (await anext(feed)).decode()
        assert "id: 1" in first
        raise_alerts(two_schools, OTHER_SCHOOL, SCHOOL)
        hub.wake()
        events = await take(feed, 2)
        assert numbers(events) == [2, 3]
        item = json.loads(events[0]["data"])
        assert item["transition"]["change"] == "raised"
        assert item["alert"]["school"] == OTHER_SCHOOL
        assert item["alert"]["title"]["zh"] == "一键报警"

    asyncio.run(scene())


def test_resumes_behind_the_last_event_id_without_gap_or_repeat(two_schools: Engine, hub: Hub) -> None:
    raise_alerts(two_schools, *[SCHOOL] * 450)

    async def scene() -> None:
        feed = Feed(two_schools, hub, COUNTY).events("120")
        assert numbers(await take(feed, 330)) == list(range(121, 451))

    asyncio.run(scene())


def test_what_another_process_commits_arrives_without_a_wake(two_schools: Engine, hub: Hub) -> None:
    async def scene() -> None:
        feed = Feed(two_schools, hub, COUNTY).events("0")
        await anext(feed)
        waiting = asyncio.ensure_future(take(feed, 1))
        await asyncio.sleep(0)
        await asyncio.to_thread(raise_alerts, two_schools, SCHOOL)
        assert numbers(await waiting) == [1]

    asyncio.run(scene())


def test_shows_only_the_callers_schools(two_schools: Engine, hub: Hub) -> None:
    raise_alerts(two_schools, OTHER_SCHOOL, SCHOOL, OTHER_SCHOOL, SCHOOL)

    async def scene() -> None:
        events = await take(Feed(two_schools, hub, ONE_SCHOOL).events("0"), 2)
        assert numbers(events) == [2, 4]
        assert OTHER_SCHOOL not in "".join(event["data"] for event in events)

    asyncio.run(scene())


@pytest.mark.parametrize("wished", ["999", "-1", "abc", "١"])
def test_a_number_it_cannot_resume_from_is_told(two_schools: Engine, hub: Hub, wished: str) -> None:
    raise_alerts(two_schools, SCHOOL)

    async def scene() -> None:
        [event] = await take(Feed(two_schools, hub, COUNTY).events(wished), 1)
        assert (event["event"], event["id"]) == ("resync", "1")

    asyncio.run(scene())


def test_a_client_too_far_behind_is_told_to_fetch_afresh(two_schools: Engine, hub: Hub) -> None:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        counters.take(session, counters.TRANSITIONS, FURTHEST_BACK + 1)

    async def scene() -> None:
        [event] = await take(Feed(two_schools, hub, COUNTY).events("0"), 1)
        assert event["event"] == "resync"

    asyncio.run(scene())


def test_ends_when_the_service_stops(two_schools: Engine, hub: Hub) -> None:
    async def scene() -> None:
        feed = Feed(two_schools, hub, COUNTY).events(None)
        await anext(feed)
        waiting = asyncio.ensure_future(anext(feed, None))
        await asyncio.sleep(0)
        await asyncio.to_thread(hub.stop)
        assert await asyncio.wait_for(waiting, 5) is None

    asyncio.run(scene())
