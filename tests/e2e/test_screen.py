"""The wall screen in a real browser, fed by the real demo: a panic button appears on it within seconds."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.browsing import ARGUMENTS, CHROMIUM

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SCHOOL = "370828-001"
APPEARS_MS = 10_000
FILLS = "width => Math.abs(document.querySelector('.stage').getBoundingClientRect().width - width) < 1.5"
ROOT = "document.documentElement"
OVERFLOWS = f"{ROOT}.scrollWidth > innerWidth || {ROOT}.scrollHeight > innerHeight"


class Demo:
    """The addresses and passwords that `campus-safety demo` printed."""

    def __init__(self, printed: str) -> None:
        self.screen: str = re.findall(r"^Screen (\S+)$", printed, re.MULTILINE)[0]
        self.broker: str = re.findall(r"^Broker (\S+)$", printed, re.MULTILINE)[0]
        self.logins = dict(re.findall(r"^Login (\S+) / (\S+)$", printed, re.MULTILINE))

    @property
    def origin(self) -> str:
        return self.screen.removesuffix("/screen")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    home = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "safety_service.cli", "demo", "--schools", "6", "--port", "0"]
    with (home / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--data-dir", str(home / "data")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        overdue = threading.Timer(120, process.kill)
        overdue.start()
        printed = ""
        for line in process.stdout:
            printed += line
            if line.startswith("Ctrl-C"):
                break
        overdue.cancel()
        try:
            assert "Screen " in printed, (home / "errors").read_text()
            yield Demo(printed)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """A page with everything it asked for and everything it complained about."""

    def __init__(self, page: Page, demo: Demo) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        self._demo = demo

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def sign_in(self, path: str = "/screen") -> None:
        self.page.goto(self._demo.origin + path)
        self.page.fill("[name=username]", "admin")
        self.page.fill("[name=password]", self._demo.logins["admin"])
        self.page.click("form.login > button")
        expect(self.page.locator("[data-figure=open-critical]")).to_have_text(re.compile(r"^\d+$"))
        # That nobody was signed in yet is what the page had to ask; a browser notes the 401 as an error.
        self.complaints = [text for text in self.complaints if "401" not in text]

    def outside(self) -> list[str]:
        local = urlsplit(self._demo.origin).netloc
        return [
            url for url in self.requests if urlsplit(url).scheme != "data" and urlsplit(url).netloc != local
        ]


@pytest.fixture
def watched(browser: Browser, demo: Demo) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    yield Watched(context.new_page(), demo)
    context.close()


def press_panic_button(demo: Demo, device: str) -> None:
    """One press, as a school's gateway publishes it; returns when the broker has it."""
    address = urlsplit(demo.broker)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"test-{device}")
    client.connect(address.hostname or "", address.port or 0)
    client.loop_start()
    event = {
        "specversion": "1.0",
        "id": f"press-{device}",
        "source": device,
        "type": "panic_button",
        "time": datetime.now(UTC).isoformat(),
        "data": {"phase": "pulse", "zone": "office"},
    }
    topic = f"campus/v1/{SCHOOL}/native/gw-{device}/events"
    client.publish(topic, json.dumps(event), qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def alert_of(demo: Demo, device: str) -> int:
    """The alert that this press raised, as the API knows it."""
    with httpx.Client(base_url=f"{demo.origin}/api/v1", trust_env=False) as api:
        form = {"username": "admin", "password": demo.logins["admin"]}
        token = api.post("/auth/token", data=form).json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        deadline = time.monotonic() + APPEARS_MS / 1000
        while not (found := api.get("/alerts", params={"device": device}).json()["items"]):
            assert time.monotonic() < deadline, f"no alert of {device}"
            threading.Event().wait(0.1)
        number: int = found[0]["id"]
        return number


def open_critical(page: Page) -> int:
    return int(page.locator("[data-figure=open-critical]").inner_text())


def expect_list_as_counted(page: Page, letter: Locator) -> None:
    """The list holds what the number counts, and not what stands beside it on the screen.

    The demo's inspectors go on visiting: where one comes between number and list, both are read again.
    """
    rows = page.locator("[role=dialog] tbody tr")
    deadline = time.monotonic() + APPEARS_MS / 1000
    while True:
        count = re.search(r"\d+", letter.inner_text())
        assert count is not None
        letter.click()
        expect(page.locator("[role=dialog] h2")).to_be_visible()
        try:
            expect(rows).to_have_count(int(count[0]), timeout=APPEARS_MS / 5)
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        finally:
            page.keyboard.press("Escape")
            expect(page.locator("[role=dialog]")).to_have_count(0)


def test_a_panic_button_appears_in_chinese_and_in_english(demo: Demo, watched: Watched) -> None:
    watched.sign_in()
    page = watched.page
    expect(page.locator("h1")).to_have_text("金乡县校园安防大数据平台")
    expect(page.locator("[data-lamp]")).to_have_attribute("data-lamp", "fresh")
    expect(page.locator(".head")).to_contain_text("实时推送中", timeout=APPEARS_MS)
    before = open_critical(page)

    press_panic_button(demo, "p-zh")
    pressed = page.locator(f"[data-alert='{alert_of(demo, 'p-zh')}']")
    expect(pressed).to_contain_text("一键报警", timeout=APPEARS_MS)
    expect(pressed).to_contain_text("待确认")
    expect(pressed).to_have_class(re.compile(r"alert-critical.*is-new"))
    page.wait_for_function(
        "before => +document.querySelector('[data-figure=open-critical]').innerText > before",
        arg=before,
        timeout=APPEARS_MS,
    )

    page.click("[data-tool=language]")
    expect(page.locator("h1")).to_have_text("Jinxiang County Campus Safety Platform")
    press_panic_button(demo, "p-en")
    pressed = page.locator(f"[data-alert='{alert_of(demo, 'p-en')}']")
    expect(pressed).to_contain_text(re.compile("panic button", re.IGNORECASE), timeout=APPEARS_MS)
    expect(pressed).to_contain_text("waiting")
    expect(page.locator("html")).to_have_attribute("lang", "en")

    assert watched.complaints == []
    assert watched.outside() == []
    assert any("/api/v1/stream" in url for url in watched.requests)


def test_a_number_opens_the_list_behind_it_and_escape_closes_it(demo: Demo, watched: Watched) -> None:
    watched.sign_in("/screen?lang=en")
    page = watched.page
    press_panic_button(demo, "p-list")
    expect(page.locator(".alert[data-kind=panic_button]").first).to_be_visible(timeout=APPEARS_MS)
    for opener in (
        ".tile-critical",
        ".metric >> nth=0",
        ".metric >> nth=3",
        ".metric >> nth=5",
        ".letter >> nth=3",
        "[data-figure=devices_new]",
    ):
        page.click(opener)
        expect(page.locator("[role=dialog] tbody tr").first).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("[role=dialog]")).to_have_count(0)

    for letter in page.locator(".letter").all():
        expect_list_as_counted(page, letter)

    page.click(".tile-critical")
    page.locator("[role=dialog] tbody tr").first.click()
    leads = re.compile(r"^/desk\?alert=\d+$")
    expect(page.locator("[role=dialog] .to-desk")).to_have_attribute("href", leads)
    expect(page.locator("[role=dialog] tbody tr").first).to_contain_text("raised")
    page.keyboard.press("Escape")
    page.click("[data-figure=rectifications_overdue]")
    expect(page.locator("[role=dialog] h2")).to_have_text("Rectif. overdue")
    page.keyboard.press("Escape")
    page.click("[data-span=days]")
    expect(page.locator("[data-span=days]")).to_have_attribute("aria-pressed", "true")
    assert watched.complaints == []


def test_without_the_stream_it_polls_and_without_the_service_it_says_so(demo: Demo, watched: Watched) -> None:
    page = watched.page
    page.route("**/api/v1/stream*", lambda route: route.abort())
    watched.sign_in("/screen?lang=en")
    expect(page.locator(".head")).to_contain_text("polling")
    press_panic_button(demo, "p-poll")
    expect(page.locator(".alert[data-kind=panic_button]").first).to_be_visible(timeout=30_000)

    page.clock.install()
    page.route("**/api/v1/**", lambda route: route.abort())
    page.clock.fast_forward(90_000)
    expect(page.locator("[data-lamp]")).to_have_attribute("data-lamp", "stale")
    page.unroute("**/api/v1/**")
    page.clock.fast_forward(10_000)
    expect(page.locator("[data-lamp]")).to_have_attribute("data-lamp", "fresh", timeout=30_000)


def test_the_stage_fills_any_screen_and_stays_bounded(demo: Demo, watched: Watched) -> None:
    watched.sign_in()
    page = watched.page
    for width, height in ((3840, 2160), (1366, 768), (2560, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        scale = min(width / 1920, height / 1080)
        page.wait_for_function(FILLS, arg=1920 * scale)
        assert not page.evaluate(OVERFLOWS)
    assert page.locator("canvas").count() <= 8
    assert page.locator(".alert").count() <= 60
    assert watched.complaints == []


def test_the_api_documentation_needs_no_internet(demo: Demo, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{demo.origin}/docs")
    expect(page.locator(".opblock").first).to_be_visible(timeout=30_000)
    page.locator(".operation-filter-input").fill("view")
    expect(page.locator("body")).to_contain_text("/api/v1/view/overview")
    assert watched.complaints == []
    assert watched.outside() == []
