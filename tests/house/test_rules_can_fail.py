"""Each rule of the house finds what it is there for, and leaves alone what is right."""

import pytest

from tests.house import rules
from tests.house.tree import hosts_and_paths, stray_entries

STORE = "safety_service.store.alerts"
DOMAIN = "safety_service.domain.alerts"
SERVICES = "safety_service.services.alerts"
API = "safety_service.api.alerts"


def lines(count: int, indent: str = "    ") -> str:
    return f"{indent}x = 1\n" * count


@pytest.mark.parametrize(
    ("rule", "module", "source", "told"),
    [
        (
            rules.import_order,
            STORE,
            "from safety_service.services import alerts",
            "store may not import services",
        ),
        (rules.import_order, STORE, "import safety_service.api.alerts", "store may not import api"),
        (rules.import_order, STORE, "from safety_service import live", "store may not import live"),
        (rules.import_order, STORE, "from safety_service.channels.table import CHANNELS", "channels"),
        (
            rules.import_order,
            DOMAIN,
            "from safety_service.store import alerts",
            "domain may not import store",
        ),
        (rules.import_order, API, "from safety_service.mqtt import Receiver", "api may not import mqtt"),
        (rules.import_order, API, "from safety_service import jobs", "api may not import jobs"),
        (rules.import_order, "safety_service.mqtt", "from safety_service.jobs import Jobs", "jobs"),
        (rules.import_order, SERVICES, "from safety_service.main import create_app", "main"),
        (rules.import_order, SERVICES, "def f():\n    from safety_service.api import x", "line 2"),
        (
            rules.import_order,
            "safety_service.brandnew",
            "from safety_service.domain import types",
            "no place",
        ),
        (rules.import_order, STORE, "from . import counters", "relative"),
        (rules.import_order, STORE, "from ..api import alerts", "relative"),
        (rules.import_order, SERVICES, "import device_simulator.county", "service does not import"),
        (
            rules.import_order,
            "device_simulator.county",
            "from safety_service.domain import types",
            "wire only",
        ),
        (rules.imports_on_top, STORE, "def f():\n    import os", "os is imported inside f"),
        (
            rules.imports_on_top,
            STORE,
            "class A:\n    async def f(self):\n        from os import path",
            "inside f",
        ),
        (rules.purity, DOMAIN, "from sqlmodel import Session", "sqlmodel"),
        (rules.purity, DOMAIN, "import sqlalchemy", "sqlalchemy"),
        (rules.purity, DOMAIN, "import logging", "logging"),
        (rules.purity, DOMAIN, "import structlog", "structlog"),
        (rules.purity, DOMAIN, "from pathlib import Path", "pathlib"),
        (rules.purity, DOMAIN, "import os.path", "os.path"),
        (rules.purity, DOMAIN, "import time", "time"),
        (rules.purity, DOMAIN, "from xml.etree.ElementTree import parse", "ElementTree.parse"),
        (rules.purity, DOMAIN, "import urllib.request", "urllib.request"),
        (rules.purity, DOMAIN, "from apscheduler.triggers import cron", "apscheduler"),
        (rules.purity, DOMAIN, "from safety_service import settings", "settings"),
        (rules.purity, DOMAIN, "from datetime import datetime\nx = datetime.now()", "datetime.now"),
        (rules.purity, DOMAIN, "import datetime\nx = datetime.datetime.utcnow()", "utcnow"),
        (rules.purity, DOMAIN, "from datetime import date\nclock = date.today", "date.today"),
        (rules.purity, DOMAIN, "x = open('file')", "open"),
        (rules.committing, STORE, "session.commit()", "commits"),
        (rules.committing, SERVICES, "with engine.begin() as c:\n    pass", "begins"),
        (rules.committing, "safety_service.store.migrations", "connection.commit()", "commits"),
        (rules.settings_are_handed_down, SERVICES, "Settings()", "builds Settings"),
        (rules.settings_are_handed_down, API, "settings.Settings(http_port=1)", "builds Settings"),
        (rules.no_print, API, "if x:\n    print(x)", "line 2"),
        (rules.short, STORE, lines(301, ""), "301 lines"),
        (rules.short, STORE, "def f():\n" + lines(40), "f has 41 lines"),
        (rules.short, STORE, "class A:\n    async def f(self):\n" + lines(40, "        "), "f has 41 lines"),
        (rules.promise, STORE, "x = 1", "promises"),
        (rules.promise, STORE, '"""   """\nx = 1', "promises"),
        (rules.file_names, "safety_service.store.alert_utils", "", "utils"),
        (rules.file_names, "safety_service.services.manager", "", "manager"),
    ],
)
def test_a_breach_is_found(rule: object, module: str, source: str, told: str) -> None:
    assert callable(rule)
    found = list(rule(module, source))
    assert len(found) == 1, found
    assert told in found[0]


@pytest.mark.parametrize(
    ("rule", "module", "source"),
    [
        (rules.import_order, API, "from safety_service.store.paging import Page"),
        (rules.import_order, SERVICES, "from safety_service.channels.table import CHANNELS\nimport httpx"),
        (rules.import_order, "safety_service.commands.demo", "from safety_service.main import create_app"),
        (rules.import_order, "safety_service.cli", "from safety_service import __version__"),
        (rules.imports_on_top, STORE, "import os\nif os.name:\n    import sys"),
        (rules.purity, SERVICES, "import logging\nfrom datetime import datetime\nx = datetime.now()"),
        (rules.purity, DOMAIN, "from collections.abc import Sequence\nfrom urllib.parse import quote"),
        (rules.purity, DOMAIN, "import msgspec\nimport yaml\nfrom pydantic import BaseModel"),
        (rules.purity, DOMAIN, "def due(now, event):\n    return event.now - now"),
        (rules.committing, "safety_service.store.session", "session.commit()"),
        (rules.committing, "safety_service.store.migrations", "engine.begin()"),
        (rules.settings_are_handed_down, "safety_service.commands.serve", "Settings()"),
        (rules.no_print, API, "table.print()"),
        (rules.short, STORE, lines(300, "")),
        (rules.short, STORE, "def f():\n" + lines(39)),
        (rules.promise, "safety_service.api", ""),
        (rules.promise, STORE, '"""Alerts."""\nx = 1'),
        (rules.file_names, "safety_service.store.database", ""),
    ],
)
def test_what_is_right_is_left_alone(rule: object, module: str, source: str) -> None:
    assert callable(rule)
    assert list(rule(module, source)) == []


def test_every_rule_is_shown_to_fail() -> None:
    shown = {
        case[0]
        for mark in test_a_breach_is_found.pytestmark  # type: ignore[attr-defined]
        for case in mark.args[1]
    }
    assert shown == set(rules.EVERY_MODULE)


@pytest.mark.parametrize(
    "line",
    [
        "fetched from https://" + "files.python" + "hosted.org/packages/x.whl",
        "--extra-index-" + "url https://example.org/simple",
        "registry = https://registry.npm" + "js.org/",
        "cd /" + "home/somebody/src",
        "see /" + "root/.ssh",
        "python = /" + "opt/python/bin",
    ],
)
def test_hosts_and_paths_of_a_machine_are_found(line: str) -> None:
    assert [number for number, _ in hosts_and_paths(f"fine\n{line}\n")] == [2]


def test_ordinary_addresses_and_paths_are_left_alone() -> None:
    fine = "/var/lib/mosquitto/ https://example.org/root/x campus/v1/370828-001/work/x ./opt/x {home}/root/x"
    assert list(hosts_and_paths(fine)) == []


def test_a_stray_entry_on_top_is_found() -> None:
    tracked = ["safety_service/cli.py", "README.md", ".ci/run", "scripts/x.py", "notes.txt"]
    assert stray_entries(tracked) == {"scripts", "notes.txt"}
