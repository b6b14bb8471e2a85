"""`campus-safety score`: JSON in, the result out; exit 2 for wrong usage, 3 for refused input."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from safety_service.commands.score import register
from safety_service.services.schemes import SHIPPED
from tests.domain.scoring.cases import PUBLISHED, Case


def program() -> typer.Typer:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    return app


def run(*arguments: str, stdin: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(program(), ["score", *arguments], input=stdin)
    return result.exit_code, result.stdout, result.stderr


VISIT = (
    '{"date": "2026-04-20", "licence_issued": "2023-01-05",'
    ' "sections": [10, 9, 9, 8.5, 9, 10, 9, 8, 9], "key_items_failed": 0}'
)


def test_a_visit_from_standard_input_and_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "visit.json"
    file.write_text(VISIT, encoding="utf-8")
    for code, out, _ in (run("cn.dynamic_2012", stdin=VISIT), run("cn.dynamic_2012", str(file))):
        result = json.loads(out)
        assert code == 0
        assert (result["scheme"], result["version"]) == ("cn.dynamic_2012", "1")
        assert (result["score"], result["grade"], result["icon"]) == ("9.1", "优秀", "大笑")
        assert result["reckoning"]["unrounded"] == "163/18"
        assert result["decided_by"]["rule"] == "bands[0]"


def test_a_decimal_is_read_by_its_text() -> None:
    long = VISIT.replace("8.5", "8.500000000000001")
    result = json.loads(run("cn.dynamic_2012", stdin=long)[1])
    assert result["inputs"]["sections"][3] == "8.500000000000001"


def test_refused_input_is_a_line_for_each_problem() -> None:
    code, out, err = run("cn.dynamic_2012", stdin=VISIT.replace("8.5", "11").replace("2026-04-20", "x"))
    assert (code, out) == (3, "")
    assert err.splitlines() == [
        'date: "x" is not a date (YYYY-MM-DD)',
        "sections[3]: 11 is above the maximum of 10",
    ]


def test_what_is_no_json_is_refused() -> None:
    for text in ("{", '{"date": NaN}', "", "[" * 100_000):
        code, out, err = run("cn.dynamic_2012", stdin=text)
        assert (code, out) == (3, "")
        assert err.startswith("inputs: is not JSON: ")
        assert len(err.splitlines()) == 1
    code, _, err = run("cn.dynamic_2012", stdin='{"date": "2026-04-20", "date": "2026-04-21"}')
    assert (code, err) == (3, "date: is given twice\n")


def test_an_unknown_scheme_lists_the_known_ones() -> None:
    code, out, err = run("cn.dynamik", stdin=VISIT)
    assert (code, out) == (2, "")
    assert 'no scheme "cn.dynamik"' in err
    assert "cn.dynamic_2012" in err


def test_wrong_usage(tmp_path: Path) -> None:
    assert run()[0] == 2
    assert run("cn.dynamic_2012", str(tmp_path / "none.json"))[0] == 2
    assert run("cn.dynamic_2012", str(tmp_path))[0] == 2


def test_list_names_every_scheme_and_a_bureaus_own(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("id: 7", encoding="utf-8")
    code, out, _ = run("--list")
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == sorted(
        line.split("\t")[0] for line in out.splitlines()
    )
    assert "cn.dynamic_2012\t1\t餐饮服务食品安全监督动态等级" in out
    code, _, err = run("--list", "--schemes-dir", str(tmp_path))
    assert code == 3
    assert "wrong.yaml:1 version: is missing" in err


@pytest.mark.parametrize("case", PUBLISHED.values(), ids=PUBLISHED)
def test_every_published_case_exactly(case: Case) -> None:
    scheme, inputs, expected = case
    code, out, err = run(scheme, stdin=json.dumps(inputs))
    printed = json.loads(out)
    assert (code, err) == (0, "")
    assert json.dumps({name: printed.get(name) for name in expected}) == json.dumps(expected)


def own_form(directory: Path, version: str = "2") -> Path:
    """A form of the bureau's own: FHRS under another version."""
    directory.mkdir(exist_ok=True)
    text = (SHIPPED / "uk.fhrs.yaml").read_text(encoding="utf-8")
    text = text.replace('version: "1"', f'version: "{version}"').replace("2010-11-30", "2026-01-01")
    (directory / "own.yaml").write_text(text, encoding="utf-8")
    return directory / "own.yaml"


FHRS = json.dumps(PUBLISHED["E1"][1])


def test_own_schemes_are_found_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPUS_DATA_DIR", str(tmp_path))
    assert json.loads(run("uk.fhrs", stdin=FHRS)[1])["version"] == "1"
    own_form(tmp_path / "schemes", "2")
    assert json.loads(run("uk.fhrs", stdin=FHRS)[1])["version"] == "2"
    own_form(tmp_path / "elsewhere", "3")
    monkeypatch.setenv("CAMPUS_SCHEMES_DIR", str(tmp_path / "elsewhere"))
    assert json.loads(run("uk.fhrs", stdin=FHRS)[1])["version"] == "3"
    monkeypatch.setenv("CAMPUS_SCHEMES_DIR", str(tmp_path / "missing"))
    code, _, err = run("uk.fhrs", stdin=FHRS)
    assert (code, "is not a directory" in err) == (3, True)


def test_a_version_that_is_there_twice_is_named_with_its_file(tmp_path: Path) -> None:
    own_form(tmp_path, "1")
    code, _, err = run("--list", "--schemes-dir", str(tmp_path))
    assert (code, err) == (3, "campus-safety: own.yaml: version 1 of uk.fhrs is there twice\n")


def test_checking_own_files(tmp_path: Path) -> None:
    good = own_form(tmp_path)
    code, out, _ = run("--check", str(good))
    assert (code, out) == (0, "own.yaml: uk.fhrs version 2, 英国食品卫生评级\n")
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text(encoding="utf-8").replace("max: 40,", "max: 25,"), encoding="utf-8")
    code, out, err = run("--check", str(bad), "--check", str(good), "--check", str(tmp_path / "none.yaml"))
    assert (code, out) == (3, "own.yaml: uk.fhrs version 2, 英国食品卫生评级\n")
    assert err.splitlines() == [
        "bad.yaml:27 bands[3].max: is stricter than the better band before it",
        "none.yaml: cannot be read: No such file or directory",
    ]
