"""What the inspector's phone keeps to start without a network: all of it, and of one version."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from safety_service.api.pages import LOCALES, WEB
from safety_service.api.shell import worker
from safety_service.main import create_app
from safety_service.settings import Settings


@pytest.fixture
def client(settings: Settings, sqlite_engine: Engine) -> TestClient:
    return TestClient(create_app(settings, sqlite_engine))


def constants(script: str) -> tuple[str, dict[str, str]]:
    version, shell = re.match(r"const VERSION = (.+);\nconst SHELL = (.+);\n", script).groups()  # type: ignore[union-attr]
    return json.loads(version), dict(json.loads(shell))


def test_the_worker_keeps_every_file_as_it_is_served(client: TestClient) -> None:
    answer = client.get("/inspect/worker.js")
    assert "javascript" in answer.headers["content-type"]
    assert answer.headers["service-worker-allowed"] == "/inspect"
    assert answer.headers["cache-control"] == "no-cache"
    _, shell = constants(answer.text)
    for address, sha256 in shell.items():
        served = client.get(address)
        assert served.status_code == 200, address
        assert hashlib.sha256(served.content).hexdigest() == sha256, address
    own = {f"/static/inspect/{path.name}" for path in (WEB / "inspect").iterdir()}
    beside = {f"/static/inspect/{name}" for name in ("worker.js", "sheet.js", "sheet.css")}
    assert own - set(shell) == beside
    assert {"/inspect", "/locales/zh.json", "/locales/en.json", "/static/vendor/preact/preact.js"} <= set(
        shell
    )


@pytest.mark.parametrize("path", ["/inspect", "/inspect/370828-001-c1", "/inspect/sheet"])
def test_pages_come_with_the_strict_policy(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "html" in answer.headers["content-type"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert ("/static/inspect/sheet.js" in answer.text) == (path == "/inspect/sheet")


@pytest.mark.parametrize(
    "name", ["inspect.html", "lib/write.js", "inspect/worker.js", "inspect/app.webmanifest"]
)
def test_any_change_is_a_new_version(tmp_path: Path, name: str) -> None:
    here = tmp_path / "web"
    shutil.copytree(WEB, here)
    before, _ = constants(worker(here, LOCALES))
    assert before == constants(worker(WEB, LOCALES))[0]
    worker.cache_clear()
    (here / name).write_text((here / name).read_text("utf-8") + "\n", "utf-8")
    assert constants(worker(here, LOCALES))[0] != before
