"""The duty desk in a real browser, against the app on a port of its own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from safety_service.api.pages import LOCALES
from safety_service.main import create_app
from safety_service.runtime import prepare
from safety_service.settings import Settings
from safety_service.store import counters
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, StoredAlert
from tests.browsing import chromium, served, sign_in, visitor
from tests.conftest import SCHOOL, add_two_schools
from tests.people import add_one_of_each_role

pytestmark = pytest.mark.browser

ALERTS = (
    ("no_mask", "warning", 50),
    ("smoke", "critical", 3),
    ("intrusion", "major", 20),
    ("smoke", "critical", 9),
)


@pytest.fixture
def address(sqlite_engine: Engine, settings: Settings) -> Iterator[str]:
    now = datetime.now(UTC)
    add_two_schools(sqlite_engine)
    add_one_of_each_role(sqlite_engine, now, [SCHOOL])
    _seed(sqlite_engine, now)
    prepare(settings, sqlite_engine)
    with served(create_app(settings, sqlite_engine)) as found:
        yield found


def _seed(engine: Engine, now: datetime) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        for number, (kind, severity, minutes) in enumerate(ALERTS, 1):
            raised = now - timedelta(minutes=minutes)
            session.add(
                StoredAlert(
                    id=number,
                    rule=kind,
                    rule_version="1",
                    key=f'["{SCHOOL}","{number}"]',
                    school=SCHOOL,
                    kind=kind,
                    device=f"cam-{number}",
                    zone="kitchen",
                    title={"zh": f"告警{number}", "en": f"Alert {number}"},
                    severity=severity,
                    raised_at=raised,
                    last_seen_at=raised,
                    condition="firing",
                    count=1,
                )
            )
            session.flush()
            session.add(
                AlertTransition(
                    number=number,
                    alert_id=number,
                    school=SCHOOL,
                    change="raised",
                    at=raised,
                    severity=severity,
                    condition="firing",
                    actor="rule",
                )
            )
        counters.take(session, "alert", len(ALERTS))
        counters.take(session, counters.TRANSITIONS, len(ALERTS))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def rows(page: Page) -> list[str | None]:
    return [row.get_attribute("data-alert") for row in page.locator("[data-alert]").all()]


def stored(engine: Engine, number: int) -> StoredAlert:
    with session_scope(engine, EVERY_SCHOOL) as session:
        alert = session.get(StoredAlert, number)
        assert alert is not None
        return alert


def test_desk_lists_worst_and_oldest_first_and_handles_by_keyboard(
    browser: Browser, address: str, sqlite_engine: Engine
) -> None:
    with visitor(browser, f"{address}/desk") as page:
        sign_in(page, "security")
        expect(page.locator("[data-alert]")).to_have_count(4)
        assert rows(page) == ["4", "2", "3", "1"]
        expect(page.locator(".live")).to_be_visible()
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(page.locator("[data-alert='4']")).to_have_attribute("aria-current", "true")
        page.keyboard.press("a")
        expect(page.locator("[data-change=acknowledged]")).to_be_visible()
        assert stored(sqlite_engine, 4).acknowledged_by == "security"
        page.keyboard.press("c")
        page.select_option("select[name=disposition]", "drill")
        page.fill("textarea[name=comment]", "季度演练")
        page.click("[data-do=close-now]")
        expect(page.locator("[data-change=closed]")).to_contain_text("演练")
        expect(page.locator("[data-alert='4']")).to_have_count(0)
        assert stored(sqlite_engine, 4).disposition == "drill"
        page.click("[data-do=reopen]")
        expect(page.locator("[data-alert='4']")).to_have_count(1)
        assert stored(sqlite_engine, 4).closed_at is None


def test_desk_hears_of_what_another_person_does(browser: Browser, address: str) -> None:
    with (
        visitor(browser, f"{address}/desk") as one,
        visitor(browser, f"{address}/desk") as two,
    ):
        sign_in(one, "security")
        sign_in(two, "admin")
        expect(one.locator(".live")).to_be_visible()
        two.locator("[data-alert='2'] .row-claim").click()
        expect(one.locator("[data-alert='2']")).to_contain_text("admin")
        two.locator("[data-alert='2'] .row-open").click()
        two.fill("input[name=remark]", "已派人")
        two.click("[data-do=comment]")
        expect(two.locator("[data-change=commented]")).to_contain_text("已派人")


def test_desk_filters_live_in_the_address(browser: Browser, address: str) -> None:
    with visitor(browser, f"{address}/desk?severity=major") as page:
        sign_in(page, "security")
        expect(page.locator("[data-alert]")).to_have_count(1)
        page.click("[data-level=warning]")
        expect(page.locator("[data-alert]")).to_have_count(2)
        page.select_option("select[name=school]", SCHOOL)
        page.wait_for_url(f"**/desk?severity=major,warning&school={SCHOOL}")
        page.reload()
        expect(page.locator("[data-alert]")).to_have_count(2)
        page.click("[data-tool=language]")
        expect(page.locator("h1")).to_have_text("Duty desk")


def test_who_may_only_look_gets_no_buttons(browser: Browser, address: str) -> None:
    with visitor(browser, f"{address}/desk") as page:
        sign_in(page, "viewer")
        page.locator("[data-alert='2'] .row-open").click()
        expect(page.locator("[data-change=raised]")).to_be_visible()
        expect(page.locator("[data-do], .row-claim")).to_have_count(0)


def test_both_languages_say_the_same_things() -> None:
    chinese, english = (json.loads((LOCALES / f"{name}.json").read_text()) for name in ("zh", "en"))
    mine = [key for key in {**chinese, **english} if key.startswith(("desk.", "inspect."))]
    assert mine
    assert [key for key in mine if not (chinese.get(key) and english.get(key))] == []
