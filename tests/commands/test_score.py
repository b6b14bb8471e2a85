"""`campus-safety score`: JSON in, the result out; exit 2 for wrong usage, 3 for refused input."""

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from safety_service.commands.score import register


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
