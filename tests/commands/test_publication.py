"""`inspection import` and `export` as an operator runs them."""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from safety_service.services import cafeterias
from safety_service.store.registry import get_school
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests.canteens import HERE
from tests.conftest import OTHER_SCHOOL, SCHOOL, add_two_schools

HEADS = "cafeteria,date,licence_issued,sections,key_items_failed"
GOOD = f"{HERE},2025-03-01,2020-01-01,9;9;9;9;9;9;9;9;,0"


@pytest.fixture
def campus(sqlite_url: str, tmp_path: Path) -> Path:
    """A directory to run in, its database with two cafeterias."""
    engine = open_engine(sqlite_url)
    add_two_schools(engine)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        cafeterias.create_for_schools(session, [get_school(session, code) for code in (SCHOOL, OTHER_SCHOOL)])
    engine.dispose()
    return tmp_path


def run(campus: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "safety_service.cli", *arguments],
        cwd=campus,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "CAMPUS_DATABASE_URL": f"sqlite:///{campus / 'campus.db'}"},
    )


def test_import_twice_and_export(campus: Path) -> None:
    (campus / "past.csv").write_text(f"{HEADS}\n{GOOD}\n{HERE},2025-03-02,2020-01-01,11;9,0\nx,2025-03-02\n")
    first = run(campus, "inspection", "import", "past.csv")
    assert (first.returncode, first.stdout) == (3, "inspections: 1 added, 0 there already, 2 refused\n")
    assert first.stderr.splitlines() == [
        "campus-safety: past.csv, line 3: sections: 9 sections are needed, 2 were given",
        "campus-safety: past.csv, line 4: there is no cafeteria x",
    ]
    (campus / "past.csv").write_text(f"{HEADS}\n{GOOD}\n")
    again = run(campus, "inspection", "import", "past.csv")
    assert (again.returncode, again.stdout) == (0, "inspections: 0 added, 1 there already, 0 refused\n")
    exported = run(campus, "export", "lives", "lives.zip", "--english", "--from", "2025-01-01")
    assert exported.returncode == 0, exported.stderr
    with zipfile.ZipFile(campus / "lives.zip") as archive:
        rows = list(csv.reader(io.StringIO(archive.read("inspections.csv").decode())))
    assert rows[1:] == [[HERE, "90", "20250301", "Excellent", "initial"]]
    assert run(campus, "export", "fhrs", "fhrs.json").stdout == "fhrs.json: 2 establishments\n"
    establishments = json.loads((campus / "fhrs.json").read_text("utf-8"))["establishments"]
    assert [one["RatingValue"] for one in establishments] == ["优秀", "AwaitingInspection"]
    checked = run(campus, "db", "check")
    assert checked.returncode == 0, checked.stdout
    assert "inspections: 1 records in one chain" in checked.stdout
