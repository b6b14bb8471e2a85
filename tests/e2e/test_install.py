"""What `pip install .` leaves is a working program: built as a wheel, installed where no source tree is."""

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.house import tree

pytestmark = pytest.mark.timeout(600)


def run(*command: str | Path, cwd: Path) -> str:
    """Runs it without our environment's say: no source tree on the path, no settings."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CAMPUS_", "PYTHON", "VIRTUAL"))
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(tree.ROOT))
    run(sys.executable, "-m", "pip", *build, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` directory of an environment that holds the wheel and what it asks for, nothing else."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home / "venv", with_pip=True)
    binaries = home / "venv" / "bin"
    # The versions of the lock, so that a release of somebody else's cannot break this test; without hashes,
    # which pip does not take together with a wheel that has none.
    pins = re.findall(r"^[\w.-]+==[^ \\\n]+", (tree.ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert len(pins) > 30
    constraints = home / "constraints.txt"
    constraints.write_text("\n".join(pins))
    run(binaries / "pip", "install", "--quiet", "--constraint", constraints, wheel, cwd=home)
    return binaries


def shipped_name(source: str) -> str:
    """Where the wheel has a file of the tree."""
    folder, _, rest = source.partition("/")
    return f"safety_service/migrations/{rest}" if folder == "alembic" else source


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        shipped_name(name)
        for name in tree.tracked()
        if name.startswith(("safety_service/", "device_simulator/", "alembic/"))
    }
    assert len(expected) > 100
    assert expected - inside == set()
    assert any(name.endswith("entry_points.txt") for name in inside)


def test_nothing_else_is_in_the_wheel(wheel: Path) -> None:
    inside = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in inside}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"safety_service", "device_simulator"}
    assert [name for name in inside if "__pycache__" in name or name.endswith((".db", ".env"))] == []


def test_both_commands_answer(installed: Path, tmp_path: Path) -> None:
    told = run(installed / "campus-safety", "--help", cwd=tmp_path)
    for command in ("demo", "serve", "db", "user", "decode", "rules", "score"):
        assert command in told
    assert "run" in run(installed / "device-simulator", "--help", cwd=tmp_path)
    assert "school_day" in run(installed / "device-simulator", "scenarios", cwd=tmp_path)


def test_the_installed_program_is_not_the_source_tree(installed: Path, tmp_path: Path) -> None:
    ask = "import safety_service, device_simulator; print(safety_service.__file__, device_simulator.__file__)"
    for place in run(installed / "python", "-c", ask, cwd=tmp_path).split():
        assert Path(place).is_relative_to(installed.parent)


def test_it_brings_its_migrations(installed: Path, tmp_path: Path) -> None:
    assert "from an empty database" in run(installed / "campus-safety", "db", "upgrade", cwd=tmp_path)
    assert "PROBLEM" not in run(installed / "campus-safety", "db", "check", cwd=tmp_path)
    assert (tmp_path / "campus-data" / "campus.db").is_file()


def test_it_brings_its_pages_and_data(installed: Path, tmp_path: Path) -> None:
    (package,) = (installed.parent / "lib").glob("python3*/site-packages/safety_service")
    for folder, kind in (
        ("web", "*.html"),
        ("web", "*.js"),
        ("data/schemes", "*.yaml"),
        ("data/rules", "*.yaml"),
    ):
        assert list((package / folder).rglob(kind)), f"no {kind} below {folder}"
    assert "cn.dynamic_2012" in run(installed / "campus-safety", "score", "--list", cwd=tmp_path)


def test_it_answers_over_http(installed: Path, tmp_path: Path) -> None:
    """The whole application is put together from the installed files; only the socket is left out."""
    ask = (
        "from starlette.testclient import TestClient\n"
        "from safety_service.main import create_app\n"
        "from safety_service.settings import Settings\n"
        "client = TestClient(create_app(Settings()))\n"
        "print(client.get('/healthz').status_code, client.get('/screen').status_code)\n"
    )
    assert run(installed / "python", "-c", ask, cwd=tmp_path).splitlines()[-1] == "200 200"
