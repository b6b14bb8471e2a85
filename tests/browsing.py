"""A real browser for tests, the app at an address of its own, and people who look at it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.types import ASGIApp

from tests.e2e.service_process import until
from tests.people import PASSWORD
from tests.postgres import free_port

CHROMIUM = Path("/usr/bin/chromium")
PLAIN_HOST = "canteen.test"
"""Leads to this machine like 127.0.0.1, but the browser does not know that: plain http, as on a LAN."""
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1",
]
_ANSWERS = "Failed to load resource"
"""Chromium itself reports the answers with which every sign-in begins, and the ones a test provokes."""


@contextmanager
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The app at an address of its own, in this process."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, "the app listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def visitor(browser: Browser, address: str, width: int = 1280, height: int = 860) -> Iterator[Page]:
    """A page of a new person; fails on any error that the page or its console tells of."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    told: list[str] = []

    def listen(page: Page) -> None:
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)

    context.on("page", listen)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()
    assert [text for text in told if not text.startswith(_ANSWERS)] == []


def sign_in(page: Page, name: str) -> None:
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click(".login button:not(.quiet)")
