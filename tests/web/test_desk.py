"""The duty desk in a real browser, against the app on a port of its own."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from sqlmodel import select

from safety_service.api.pages import LOCALES
from safety_service.blobs import FolderBlobs
from safety_service.domain.snapshots import path_of
from safety_service.main import create_app
from safety_service.runtime import prepare
from safety_service.settings import Settings
from safety_service.store import counters, snapshots
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, Device, StoredAlert
from safety_service.store.tables_suppression import QuietTime
from tests.browsing import chromium, served, sign_in, visitor
from tests.canteens import picture, sha256
from tests.conftest import SCHOOL, add_two_schools
from tests.people import add_one_of_each_role

pytestmark = pytest.mark.browser

ALERTS = (
    ("no_mask", "warning", 50),
    ("smoke", "critical", 3),
    ("intrusion", "major", 20),
    ("smoke", "critical", 9),
)
LIVE = "http://10.0.0.7/live/4"


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
        session.add(Device(school=SCHOOL, device="cam-4", name="厨房烟感", live_url=LIVE, condition="active"))
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
                    device="cam-4" if kind == "smoke" else f"cam-{number}",
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
        page.keyboard.press("3")
        page.fill("textarea[name=comment]", "季度演练")
        page.fill("input[name=evidence]", "演练方案 2026-3 号")
        page.click("[data-do=close-now]")
        expect(page.locator("[data-change=closed]")).to_contain_text("演练方案 2026-3 号")
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
        page.keyboard.press("/")
        page.keyboard.type("告警3 cam")
        expect(page.locator("[data-alert]")).to_have_count(1)
        page.goto(f"{address}/desk?alert=2")
        expect(page.locator(".detail h2")).to_have_text("告警2")
        page.click("[data-tool=language]")
        expect(page.locator("h1")).to_have_text("Duty desk")


def test_who_may_only_look_gets_no_buttons(browser: Browser, address: str) -> None:
    with visitor(browser, f"{address}/desk") as page:
        sign_in(page, "viewer")
        page.locator("[data-alert='2'] .row-open").click()
        expect(page.locator("[data-change=raised]")).to_be_visible()
        expect(page.locator(".hand [data-do], .row-claim")).to_have_count(0)


def test_a_shift_on_a_phone_silences_a_device_and_hands_over(
    browser: Browser, address: str, sqlite_engine: Engine
) -> None:
    with visitor(browser, f"{address}/desk", 390, 844) as page:
        sign_in(page, "security")
        page.locator("[data-alert='4'] .row-open").click()
        expect(page.locator("[data-why]")).to_contain_text("告警4")
        expect(page.locator("[data-told=nobody]")).to_be_visible()
        expect(page.locator("a[data-live]")).to_have_attribute("href", LIVE)
        expect(page.locator("[data-device] .before li")).to_have_count(1)
        page.click("[data-do=silence]")
        page.check("input[value='4']", force=True)
        page.fill("input[name=comment]", "探头进水，已报修")
        page.click("[data-do=silence-now]")
        expect(page.locator("[data-held=silence]")).to_contain_text("探头进水，已报修")
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        page.go_back()
        expect(page.locator("[data-alert='4']")).to_be_visible()

        page.click("[data-do=handover]")
        expect(page.locator(".attached")).to_contain_text("未办结 4 条")
        page.fill("textarea[name=note]", "探头明早换")
        page.click("[data-do=hand-over]")
        expect(page.locator(".note-waiting")).to_contain_text("探头进水，已报修")
    with visitor(browser, f"{address}/desk") as page:
        sign_in(page, "duty_officer")
        expect(page.locator("[data-do=handover] b")).to_have_text("1")
        page.keyboard.press("h")
        page.click("[data-do=take]")
        expect(page.locator(".note-waiting")).to_have_count(0)
        expect(page.locator("[data-note]")).to_contain_text("duty_officer")
    with session_scope(sqlite_engine, EVERY_SCHOOL) as session:
        (quiet,) = session.exec(select(QuietTime)).all()
    assert (quiet.school, quiet.match) == (SCHOOL, {"device": "cam-4"})
    assert timedelta(hours=3.9) < quiet.ends_at - quiet.starts_at < timedelta(hours=4.1)


def show(engine: Engine, number: int, address: str) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        alert = session.get(StoredAlert, number)
        assert alert is not None
        alert.snapshot_url = address


def test_the_picture_of_an_alert_is_shown(
    browser: Browser, address: str, sqlite_engine: Engine, settings: Settings
) -> None:
    content = picture(320, 240)
    FolderBlobs(settings.snapshots_dir).put(sha256(content), io.BytesIO(content))
    with session_scope(sqlite_engine, EVERY_SCHOOL, write=True) as session:
        rows = {(sha256(content), SCHOOL): ("image/jpeg", len(content))}
        snapshots.add(session, rows, datetime.now(UTC))
    show(sqlite_engine, 2, path_of(sha256(content)))
    show(sqlite_engine, 4, path_of("0" * 64))
    show(sqlite_engine, 3, "http://cam.school/1.jpg")
    with visitor(browser, f"{address}/desk") as page:
        sign_in(page, "security")
        page.locator("[data-alert='2'] .row-open").click()
        expect(page.locator(".picture img")).to_have_js_property("naturalWidth", 320)
        page.locator("[data-alert='4'] .row-open").click()
        expect(page.get_by_text("图片已不再保存")).to_be_visible()
        page.locator("[data-alert='3'] .row-open").click()
        expect(page.get_by_text("打开图片")).to_have_attribute("href", "http://cam.school/1.jpg")
        # The service has fetched it meanwhile.
        show(sqlite_engine, 3, path_of(sha256(content)))
        expect(page.locator(".picture img")).to_have_js_property("naturalWidth", 320)


def test_both_languages_say_the_same_things() -> None:
    chinese, english = (json.loads((LOCALES / f"{name}.json").read_text()) for name in ("zh", "en"))
    mine = [key for key in {**chinese, **english} if key.startswith(("desk.", "inspect."))]
    assert mine
    assert [key for key in mine if not (chinese.get(key) and english.get(key))] == []
