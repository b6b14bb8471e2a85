"""`user`, `apikey`, `school import`, `device import`: what they do, what they say, how they end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from safety_service.commands import imports, people
from safety_service.store.session import open_engine

SCHOOLS = "code,name_zh,name_en,township,kind,latitude,longitude,pupils,timezone\n"
DEVICES = "school,device,name,zone,zone_type,format,model\n"
MAP = '{"type":"Polygon","coordinates":[[[116,35],[117,35],[117,36],[116,35]]]}'
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("CAMPUS_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)

    def invoke(app: Any, *arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, arguments, input=stdin)

    return invoke


@pytest.fixture
def rows(database_url: str) -> Callable[[str], list[tuple[Any, ...]]]:
    def read(statement: str) -> list[tuple[Any, ...]]:
        engine = open_engine(database_url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(statement))]
        engine.dispose()
        return found

    return read


def write(path: Path, content: str, encoding: str = "utf-8") -> str:
    path.write_bytes(content.encode(encoding))
    return str(path)


def test_a_user_is_created_and_listed(run: Run, rows: Callable[[str], Any]) -> None:
    arguments = ("create", "chief", "--role", "admin", "--password-stdin")
    assert run(people.user_app, *arguments, stdin="a long password\n").exit_code == 0
    assert run(people.user_app, "list").stdout == "chief\tadmin\tevery school\tactive\n"
    assert rows("SELECT action, object_id FROM audit_entry") == [("user.create", "chief")]
    again = run(people.user_app, *arguments, stdin="a long password\n")
    assert (again.exit_code, again.stderr) == (1, "campus-safety: the name chief is taken\n")


@pytest.mark.parametrize(
    ("arguments", "password", "said"),
    [
        (["--role", "admin"], "short", "at least 10"),
        (["--role", "king"], "a long password", "no role king"),
        (["--role", "viewer", "--school", "370828-001"], "a long password", "no school 370828-001"),
    ],
)
def test_a_user_is_refused_in_one_line(run: Run, arguments: list[str], password: str, said: str) -> None:
    result = run(people.user_app, "create", "x", *arguments, "--password-stdin", stdin=password)
    assert result.exit_code == 3
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_wrong_usage_ends_with_two(run: Run) -> None:
    assert run(people.user_app, "create", "x").exit_code == 2
    assert run(imports.school_app, "import", "missing.csv").exit_code == 2


def test_a_key_is_printed_once(run: Run, rows: Callable[[str], Any]) -> None:
    result = run(people.apikey_app, "create", "gateway", "--role", "viewer", "--all-schools")
    assert result.exit_code == 0
    assert result.stdout.startswith("csk_")
    assert rows("SELECT name, prefix FROM api_key") == [("gateway", result.stdout[:10])]
    assert result.stdout.strip() not in str(rows("SELECT * FROM api_key"))


def test_right_lines_are_imported_and_wrong_ones_named(
    run: Run, rows: Callable[[str], Any], tmp_path: Path
) -> None:
    lines = [
        "370828-001,第一\u200b小学 ,First School,鱼山街道,primary,35.07,116.31,1200,Asia/Shanghai",
        "370828-002,第二幼儿园,,鱼山街道,,,,,",
        "37082-3,坏,Bad,鱼山街道,primary,,,,",
        "370828-004,第四,Fourth,鱼山街道,university,95,,-1,Mars/Base",
        "370828-001,又一,Again,鱼山街道,primary,,,,",
        "370828-005,短",
        "",
        "370828-006,长,Long,鱼山街道,primary,,,,,extra",
    ]
    result = run(imports.school_app, "import", write(tmp_path / "s.csv", SCHOOLS + "\n".join(lines)))
    assert result.exit_code == 3
    assert result.stdout == "schools: 2 added, 0 updated, 5 refused\n"
    said = result.stderr.splitlines()
    assert [line.split(":")[1].strip() for line in said] == [
        f"s.csv, line {number}" for number in (4, 5, 6, 7, 9)
    ]
    for word in ("kind", "latitude", "pupils", "timezone"):
        assert word in said[1]
    assert "line 2" in said[2]
    assert "township" in said[3]
    assert rows("SELECT code, name_zh, name_en, township, kind FROM school ORDER BY code") == [
        ("370828-001", "第一小学", "First School", "鱼山街道", "primary"),
        ("370828-002", "第二幼儿园", "第二幼儿园", "鱼山街道", "other"),
    ]
    assert rows("SELECT code, county FROM township") == [("鱼山街道", "370828")]
    assert rows("SELECT id FROM cafeteria ORDER BY id") == [("370828-001-c1",), ("370828-002-c1",)]


def test_a_second_import_updates(run: Run, rows: Callable[[str], Any], tmp_path: Path) -> None:
    line = "370828-001,第一小学,First,鱼山街道,primary,,,,"
    run(imports.school_app, "import", write(tmp_path / "a.csv", SCHOOLS + line))
    again = write(tmp_path / "b.csv", "\ufeff" + SCHOOLS + line.replace("First", "Number One"))
    result = run(imports.school_app, "import", again)
    assert (result.exit_code, result.stdout) == (0, "schools: 0 added, 1 updated, 0 refused\n")
    assert rows("SELECT name_en FROM school") == [("Number One",)]


def test_a_list_saved_by_a_chinese_excel_is_read(
    run: Run, rows: Callable[[str], Any], tmp_path: Path
) -> None:
    content = SCHOOLS + "370828-001,第一小学,First,鱼山街道,primary,,,,\r\n"
    assert run(imports.school_app, "import", write(tmp_path / "a.csv", content, "gb18030")).exit_code == 0
    assert rows("SELECT name_zh FROM school") == [("第一小学",)]


def test_devices_need_their_school(run: Run, rows: Callable[[str], Any], tmp_path: Path) -> None:
    school = SCHOOLS + "370828-001,第一小学,First,鱼山街道,primary,,,,"
    run(imports.school_app, "import", write(tmp_path / "s.csv", school))
    lines = [
        "370828-001,cam-1,,north-gate,gate,frigate,IPC",
        "370828-001,cam-2,Second,north-gate,,native,",
        "370828-009,cam-1,,,,,",
        "370828-001,a#b,,,,,",
        "370828-001,\u200bcam-1,,,,,",
    ]
    result = run(imports.device_app, "import", write(tmp_path / "d.csv", DEVICES + "\n".join(lines)))
    assert (result.exit_code, result.stdout) == (3, "devices: 2 added, 0 updated, 3 refused\n")
    assert "line 4: school: there is no school 370828-009" in result.stderr
    assert "line 6: 370828-001/cam-1 stands on line 2 already" in result.stderr
    assert rows("SELECT device, name, zone_type, condition FROM device ORDER BY device") == [
        ("cam-1", "cam-1", "gate", "active"),
        ("cam-2", "Second", "gate", "active"),
    ]


def test_no_two_devices_of_a_list_have_one_identity(
    run: Run, rows: Callable[[str], Any], tmp_path: Path
) -> None:
    school = SCHOOLS + "370828-001,第一小学,First,鱼山街道,primary,,,,"
    run(imports.school_app, "import", write(tmp_path / "s.csv", school))
    heads = "school,device,identities\n"
    run(imports.device_app, "import", write(tmp_path / "d.csv", heads + "370828-001,old,serial 3"))
    lines = [
        "370828-001,cam-1,ac:b9:2f:49:44:75；​serial 1;",
        "370828-001,cam-2,ACB92F494475",
        "370828-001,serial 1,",
        "370828-001,cam-3,",
        "370828-001,cam-4,cam-3",
        "370828-001,cam-5,serial 3",
        "370828-001,cam-6,a#b",
    ]
    result = run(imports.device_app, "import", write(tmp_path / "d.csv", heads + "\n".join(lines)))
    assert (result.exit_code, result.stdout) == (3, "devices: 2 added, 0 updated, 5 refused\n")
    for said in (
        "line 3: identities: ACB92F494475 is cam-1 in this list already",
        "line 4: identities: serial 1 is cam-1 in this list already",
        "line 6: identities: cam-3 is cam-3 in this list already",
        "line 7: serial 3 is the device old already",
        "line 8: identities.0: a device id cannot hold # or +",
    ):
        assert said in result.stderr
    assert rows("SELECT identity, device FROM device_identity ORDER BY identity") == [
        ("ac:b9:2f:49:44:75", "cam-1"),
        ("serial 1", "cam-1"),
        ("serial 3", "old"),
    ]
    assert rows("SELECT device FROM device ORDER BY device") == [("cam-1",), ("cam-3",), ("old",)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the column code is missing"),
        (b"code,name_zh,townshp\n", "the column township is missing; the column 'townshp' is not known"),
        (b"code,code,name_zh,township\n", "a column stands there twice"),
        (b"\x81\xff\xff", "neither UTF-8 nor GB18030"),
        (SCHOOLS.encode() + b'"370828-001,broken\n', "line 2: not CSV"),
    ],
)
def test_a_file_that_is_no_list_is_refused(run: Run, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    result = run(imports.school_app, "import", "x.csv")
    assert result.exit_code == 3
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_the_bureaus_own_map(run: Run, rows: Callable[[str], Any], tmp_path: Path) -> None:
    file = write(tmp_path / "county.geojson", MAP)
    for _ in range(2):
        done = run(imports.boundary_app, "import", file, "--approval", "鲁SG(2026)001号")
        assert (done.exit_code, done.stdout) == (0, "boundary: 1 areas\n")
    assert rows("SELECT id, approval, file FROM boundary") == [(1, "鲁SG(2026)001号", "county.geojson")]
    refused = run(imports.boundary_app, "import", write(tmp_path / "bad.geojson", "[]"))
    assert (refused.exit_code, "must be GeoJSON" in refused.stderr) == (3, True)
    assert run(imports.boundary_app, "clear").exit_code == 0
    assert run(imports.boundary_app, "clear").exit_code == 1
