"""What the pages are made of: complete, local, translated, and what the list of libraries says it is."""

import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from safety_service.domain.decoding.kinds import KINDS
from safety_service.domain.types import SEVERITIES
from safety_service.main import create_app
from safety_service.settings import Settings
from safety_service.store.session import open_engine

WEB = Path(str(files("safety_service"))) / "web"
LOCALES = WEB.parent / "data" / "locales"
OWN = sorted(
    path for path in WEB.rglob("*") if path.suffix in {".js", ".css", ".html"} and "vendor" not in path.parts
)
PAGES = sorted(WEB.glob("*.html"))


@pytest.fixture
def client(settings: Settings, sqlite_url: str) -> TestClient:
    return TestClient(create_app(settings, open_engine(sqlite_url)))


def texts(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((LOCALES / f"{language}.json").read_text("utf-8"))
    return found


def test_every_library_is_the_one_in_the_list() -> None:
    rows = re.findall(
        r"^\| \S+ \| \S+ \| .+ \| `(\S+)` \| `\S+` \| `([0-9a-f]{64})` \|$",
        (WEB / "vendor" / "VENDORED.md").read_text("utf-8"),
        re.MULTILINE,
    )
    listed = dict(rows)
    there = {
        path.relative_to(WEB / "vendor").as_posix()
        for path in (WEB / "vendor").rglob("*")
        if path.suffix in {".js", ".css"}
    }
    assert set(listed) == there
    for name, digest in listed.items():
        assert hashlib.sha256((WEB / "vendor" / name).read_bytes()).hexdigest() == digest, name
        folder = (WEB / "vendor" / name).parent
        assert (folder / "LICENSE").is_file(), name


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    text = text.replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(r"https?://[a-z0-9]|[\"'`(]//[a-z0-9]", text)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_holds_no_script_and_no_style_of_its_own(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text)


@pytest.mark.parametrize("path", [path for path in OWN if path.suffix == ".js"], ids=lambda path: path.name)
def test_every_import_is_there(path: Path) -> None:
    for name in re.findall(
        r"^(?:import|export)[^;]*?from \"([^\"]+)\"", path.read_text("utf-8"), re.MULTILINE
    ):
        assert name.startswith("."), name
        assert (path.parent / name).resolve().is_file(), name


def test_both_languages_say_everything() -> None:
    chinese, english = texts("zh"), texts("en")
    assert set(chinese) == set(english)
    for key, text in chinese.items():
        assert text.strip(), key
        assert english[key].strip(), key
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), key


def test_every_text_that_is_asked_for_exists() -> None:
    known = texts("zh")
    script = "\n".join(path.read_text("utf-8") for path in OWN if path.suffix == ".js")
    asked = set(re.findall(r"\bt\(\"([a-z_.]+)\"", script))
    assert len(asked) > 40
    assert asked <= set(known)
    assert {f"kind.{kind}" for kind in KINDS} <= set(known)
    assert {f"severity.{severity}" for severity in SEVERITIES} <= set(known)


@pytest.mark.parametrize("path", ["/screen", "/docs", "/static/screen/main.js", "/locales/zh.json"])
def test_what_a_page_loads_comes_with_a_strict_policy(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 or path in {"/screen", "/docs"}


def test_scripts_are_served_as_scripts(client: TestClient) -> None:
    for path in (WEB / "vendor").rglob("*.js"):
        answer = client.head(f"/static/{path.relative_to(WEB).as_posix()}")
        assert "javascript" in answer.headers["content-type"], path


@pytest.mark.parametrize("path", ["/static/../settings.py", "/static/%2e%2e/settings.py", "/locales/../x"])
def test_nothing_outside_the_folders_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
