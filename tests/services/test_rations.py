"""Robots with few tokens behind the real outbox: digests, what never waits, and the order of one alert."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from safety_service.channels.http import open_client
from safety_service.domain.snapshots import path_of
from safety_service.domain.types import Alert
from safety_service.services.delivery import LEASE, home_of
from safety_service.services.outbox import Delivered, Home
from safety_service.services.snapshot_links import linker_of
from safety_service.settings import Settings
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables_outbox import Channel
from tests.conftest import NOW, OTHER_SCHOOL, SCHOOL
from tests.receivers import Got, Receiver, Says, receiver
from tests.services.test_delivery import Desk, desk_on

OK = Says(200, b'{"errcode":0,"errmsg":"ok"}')
KIND = "door_open"


@pytest.fixture
def desk(two_schools: Engine) -> Iterator[Desk]:
    with open_client(private_targets=True) as client, desk_on(two_schools, client) as one:
        yield one


def robot(desk: Desk, there: Receiver, name: str = "wecom", per_minute: int = 20) -> None:
    config: dict[str, Any] = {"base_url": there.base_url, "key": "k", "per_minute": per_minute}
    with session_scope(desk.engine, EVERY_SCHOOL, write=True) as session:
        session.add(Channel(id=name, kind="wecom", config=config))


def contents(there: Receiver) -> list[str]:
    return [str(got.message["text"]["content"]) for got in there.got]


def storm(desk: Desk, count: int, school: str = SCHOOL, **more: Any) -> list[Alert]:
    return [desk.raised(school, kind=KIND, **more) for _ in range(count)]


def test_few_alerts_go_singly(desk: Desk) -> None:
    with receiver(lambda got: OK) as there:
        robot(desk, there)
        storm(desk, 3)
        assert desk.deliver().sent == 3
        assert [text.startswith("【二级/橙】烟雾（发生）\n学校：第一小学\n") for text in contents(there)] == [
            True
        ] * 3
        assert {row.answer for row in desk.rows()} == {'HTTP 200\n{"errcode":0,"errmsg":"ok"}'}


def test_a_storm_goes_in_one_digest_and_every_row_says_so(desk: Desk) -> None:
    with receiver(lambda got: OK) as there:
        robot(desk, there)
        storm(desk, 40)
        assert desk.deliver() == Delivered(sent=40, more=True)
        (text,) = contents(there)
        assert text.startswith("【汇总】40 条告警消息\n二级/橙 40 条\n")
        assert desk.states() == ["delivered"] * 40
        assert {row.answer for row in desk.rows()} == {
            'in a digest of 40\nHTTP 200\n{"errcode":0,"errmsg":"ok"}'
        }
        assert all(row.delivered_at is not None and row.attempts == 1 for row in desk.rows())


def test_life_safety_and_critical_alerts_go_alone_in_a_storm(desk: Desk) -> None:
    with receiver(lambda got: OK) as there:
        robot(desk, there)
        storm(desk, 40)
        storm(desk, 2, severity="critical")
        desk.raised(severity="minor", kind="gas_leak")
        desk.deliver()
        heads = sorted(text.partition("\n")[0] for text in contents(there))
        assert heads == ["【一级/红】烟雾（发生）"] * 2 + ["【三级/黄】烟雾（发生）", "【汇总】40 条告警消息"]


def test_life_safety_never_waits_for_a_token(desk: Desk) -> None:
    with receiver(lambda got: OK) as there:
        robot(desk, there, per_minute=2)
        for _ in range(5):
            desk.raised(kind="panic_button", severity="critical")
        assert desk.deliver().sent == 5
        storm(desk, 1, OTHER_SCHOOL, severity="critical")
        assert desk.deliver() == Delivered()
        desk.raised(kind="fire")
        assert desk.deliver().sent == 1
        desk.now += timedelta(seconds=61)
        assert desk.deliver().sent == 1
        assert len(there.got) == 7


def test_no_minute_brings_more_than_the_robot_takes(desk: Desk) -> None:
    times: list[datetime] = []

    def answer(got: Got) -> Says:
        times.append(desk.now)
        return OK

    with receiver(answer) as there:
        robot(desk, there, per_minute=6)
        for second in range(150):
            if second < 60:
                storm(desk, 1 + second % 2)
            desk.deliver()
            desk.now += timedelta(seconds=1)
        minute = timedelta(seconds=60)
        assert max(sum(start <= one < start + minute for one in times) for start in times) <= 6
        assert set(desk.states()) == {"delivered"}
        assert len(times) < len(desk.rows()) == 90


def test_another_school_is_told_while_a_storm_goes_on(desk: Desk) -> None:
    with receiver(lambda got: OK) as there:
        robot(desk, there)
        for second in range(30):
            storm(desk, 20)
            if second == 25:
                storm(desk, 1, OTHER_SCHOOL)
            desk.deliver()
            told = "第二小学" in "\n".join(contents(there))
            assert told is (second >= 25), second
            desk.now += timedelta(seconds=1)


def test_another_channel_is_not_held_up_by_a_robot_without_tokens(desk: Desk) -> None:
    with receiver(lambda got: OK) as there, receiver() as hook:
        robot(desk, there, per_minute=1)
        desk.channel("hook", hook)
        storm(desk, 1)
        desk.deliver()
        storm(desk, 30)
        while desk.deliver().more:
            pass
        assert len(there.got) == 1
        assert desk.states("hook") == ["delivered"] * 31
        assert desk.states("wecom").count("waiting") == 30


def test_a_problem_is_told_before_its_recovery_also_in_digests(desk: Desk) -> None:
    with receiver(lambda got: OK) as there:
        robot(desk, there)
        alerts = storm(desk, 30)
        for alert in alerts:
            desk.changed(alert, "resolved")
        new = storm(desk, 30, OTHER_SCHOOL)
        while desk.deliver().more:
            pass
        first, second = contents(there)
        assert first.startswith("【汇总】60 条")
        assert "已恢复" not in first
        assert second.startswith("【汇总】30 条")
        assert second.count("已恢复") == 12
        assert desk.states() == ["delivered"] * 90
        assert len(new) == 30


def test_a_digest_that_is_refused_is_tried_again_with_all_its_rows(desk: Desk) -> None:
    answers = iter([Says(200, b'{"errcode":45009,"errmsg":"api freq out of limit"}')])
    with receiver(lambda got: next(answers, OK)) as there:
        robot(desk, there)
        storm(desk, 40)
        assert desk.deliver() == Delivered(retried=40)
        assert {row.state for row in desk.rows()} == {"waiting"}
        assert "in a digest of 40" in (desk.rows()[0].answer or "")
        desk.now += timedelta(seconds=30)
        storm(desk, 1, OTHER_SCHOOL, severity="critical")
        assert desk.deliver() == Delivered()
        desk.raised(kind="smoke")
        assert desk.deliver().sent == 1
        desk.now += timedelta(seconds=60)
        assert desk.deliver().sent == 41
        assert desk.states() == ["delivered"] * 42


def test_a_wrong_key_fails_for_good_with_the_raw_answer(desk: Desk) -> None:
    with receiver(lambda got: Says(200, b'{"errcode":93000,"errmsg":"invalid webhook url"}')) as there:
        robot(desk, there)
        storm(desk, 1)
        assert desk.deliver() == Delivered(failed=1)
        assert desk.states() == ["failed"]
        assert "invalid webhook url" in (desk.rows()[0].answer or "")
        desk.run_until(NOW + timedelta(days=1), timedelta(hours=6))
        assert len(there.got) == 1


def test_recoveries_of_what_nobody_heard_take_no_token(desk: Desk) -> None:
    answers: Iterator[Says] = iter([Says(200, b'{"errcode":93000}')])
    with receiver(lambda got: next(answers, OK)) as there:
        robot(desk, there, per_minute=1)
        (alert,) = storm(desk, 1)
        desk.deliver()
        desk.changed(alert, "resolved")
        desk.now += timedelta(seconds=61)
        desk.deliver()
        assert desk.states() == ["failed", "withheld"]
        storm(desk, 1)
        assert desk.deliver().sent == 1
        assert len(there.got) == 2


def test_a_clock_that_is_set_back_gives_the_tokens_back(desk: Desk) -> None:
    with receiver(lambda got: OK) as there:
        robot(desk, there, per_minute=1)
        storm(desk, 1)
        desk.deliver()
        desk.now -= timedelta(hours=5)
        storm(desk, 1)
        assert desk.deliver() == Delivered()
        desk.courier.follow_clock(desk.now)
        assert desk.deliver().sent == 1


def test_a_message_links_to_the_desk_where_the_service_knows_its_address(
    desk: Desk, two_schools: Engine
) -> None:
    home = Home("Asia/Shanghai", "https://campus.example.org")
    with receiver(lambda got: OK) as there, open_client(private_targets=True) as client:
        robot(desk, there)
        storm(desk, 1)
        with desk_on(two_schools, client, home=home) as linked:
            linked.deliver()
        (text,) = contents(there)
        assert text.endswith(
            "时间：2026-09-01 08:00:00\n处置：https://campus.example.org/desk?school=370828-001&alert=1"
        )


def test_a_message_links_to_the_picture_for_whoever_reads_it(
    desk: Desk, two_schools: Engine, settings: Settings
) -> None:
    own = settings.model_copy(update={"public_url": "https://campus.example.org"})
    path = path_of("a" * 64)
    with receiver(lambda got: OK) as there, open_client(private_targets=True) as client:
        robot(desk, there)
        [alert] = storm(desk, 1)
        alert.snapshot_url = path
        desk.changed(alert, "reopened")
        with desk_on(two_schools, client, home=home_of(own)) as linked:
            linked.deliver()
        picture = contents(there)[0].rpartition("\n抓拍：")[2]
    # The link lasts from the moment at which nobody but this attempt could have made it.
    assert picture == linker_of(own).link(path, desk.now + LEASE)
