"""`campus-safety demo`: everything in one go, life within half a minute, and nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.service_process import until

ROLES = {"admin", "duty_officer", "security", "inspector", "viewer"}


def _first_lines(process: subprocess.Popen[str]) -> str:
    """What the demo says before it serves."""
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if line.startswith("Ctrl-C"):
            return said
    raise AssertionError(f"the demo ended early: {said}")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_demo_comes_to_life_and_ends_clean(tmp_path: Path, ending: signal.Signals) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CAMPUS_")}
    # A setting of a real installation must not leak into the demo.
    environment["CAMPUS_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/nothing"
    process = subprocess.Popen(
        [sys.executable, "-m", "safety_service.cli", "demo", "--schools", "6", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        env=environment,
        start_new_session=True,
    )
    try:
        said = _first_lines(process)
        address = re.search(r"^Screen (http://127\.0\.0\.1:\d+)/screen$", said, re.M)
        assert address is not None
        for name, path in (("Desk", "/desk"), ("Inspect", "/inspect"), ("API docs", "/docs")):
            assert f"{name} {address[1]}{path}\n" in said
        assert re.search(r"^Broker mqtt://127\.0\.0\.1:\d+$", said, re.M)
        logins = dict(re.findall(r"^Login (\S+) / (\S+)$", said, re.M))
        assert logins.keys() == ROLES

        api = httpx.Client(base_url=address[1], trust_env=False)
        until(lambda: _answers(api, "/healthz"), "it answers")
        for path in ("/screen", "/desk", "/inspect", "/docs"):
            assert api.get(path).status_code == 200
        form = {"username": "admin", "password": logins["admin"]}
        token = api.post("/api/v1/auth/token", data=form).json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        assert len(api.get("/api/v1/schools").json()["items"]) == 6
        until(lambda: bool(api.get("/api/v1/alerts").json()["items"]), "the first alert rises", 40)

        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 2, "broker and simulator run beside it"
        process.send_signal(ending)
        rest, _ = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in rest
        assert not [child for child in family if child.is_running()], "no process is left"
        assert list(tmp_path.iterdir()) == [], "no file is left"
    finally:
        process.kill()


def _answers(api: httpx.Client, path: str) -> bool:
    try:
        return api.get(path).status_code == 200
    except httpx.TransportError:
        return False


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "safety_service.cli", "demo", "--port", port],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 1
    assert re.fullmatch(rf"campus-safety: cannot listen on 127\.0\.0\.1:{port}: .*\n", done.stderr)
