"""What people read, word for word, and how it is cut to what a receiver takes."""

from typing import get_args

import msgspec
import pytest

from safety_service.domain.message_words import CHANGES, LEVELS
from safety_service.domain.messages import (
    plain,
    short_text,
    text_of,
    within_bytes,
)
from safety_service.domain.places import Place, desk_link
from safety_service.domain.types import SEVERITIES, Change
from tests.notices import PLACE, digest, notice, trial

LINK = "https://campus.example.org/desk?school=370828-001"


def test_an_alert_in_chinese() -> None:
    assert text_of(notice(link=LINK)).whole == (
        "【二级/橙】宿舍门敞开（发生）\n"
        "学校：第一小学\n"
        "区域：三号宿舍楼\n"
        "设备：三楼烟感\n"
        "时间：2026-09-01 16:00:00\n"
        f"处置：{LINK}"
    )


def test_an_alert_in_english() -> None:
    assert text_of(notice("resolved", count=3, suppressed_by="silence 5"), "en").whole == (
        "[Major/orange] Dormitory door open (resolved)\n"
        "School: Primary School 1\n"
        "Zone: 三号宿舍楼\n"
        "Device: 三楼烟感\n"
        "Time: 2026-09-01 16:00:00\n"
        "Count: 3\n"
        "Suppressed by: silence 5"
    )


def test_what_is_owed_is_named() -> None:
    detail = {
        "obligation": "a",
        "title": {"zh": "食堂 留样", "en": "Canteen, samples"},
        "due_at": "2026-09-01",
    }
    assert text_of(notice(detail=detail)).lines[0] == "事项：食堂 留样"
    assert text_of(notice("resolved", detail=detail), "en").lines[0] == "Owed: Canteen, samples"
    assert not any("Owed" in line for line in text_of(notice(), "en").lines)


def test_both_languages_in_one_message() -> None:
    both = text_of(notice(), "both")
    assert both.title == "【二级/橙】宿舍门敞开（发生） / [Major/orange] Dormitory door open (raised)"
    assert both.lines[0] == "学校：第一小学"
    assert both.lines[4:6] == ("", "[Major/orange] Dormitory door open (raised)")
    assert both.lines[-1] == "Time: 2026-09-01 16:00:00"


@pytest.mark.parametrize("change", get_args(Change))
def test_every_change_has_a_word_of_its_own(change: Change) -> None:
    for language in ("zh", "en"):
        assert len(set(CHANGES[language].values())) == len(CHANGES[language])
        assert CHANGES[language][change] in text_of(notice(change), language).title


@pytest.mark.parametrize("severity", SEVERITIES)
def test_every_severity_has_its_level_and_colour(severity: str) -> None:
    assert LEVELS["zh"][severity] in text_of(notice(severity=severity)).title
    assert LEVELS["en"][severity] in text_of(notice(severity=severity), "en").title
    assert LEVELS["zh"]["critical"] == "一级/红"


def test_without_names_the_codes_stand_there_and_the_time_is_that_of_the_place() -> None:
    unknown = text_of(notice(place=Place(timezone="Europe/London")))
    assert "学校：370828-001" in unknown.lines
    assert "区域：dorm-3" in unknown.lines
    assert "时间：2026-09-01 09:00:00" in unknown.lines
    bare = text_of(notice(place=None, zone=None, device=None))
    assert bare.lines == ("学校：370828-001", "时间：2026-09-01 08:00:00")


def test_the_other_language_stands_in_for_a_missing_one() -> None:
    assert "门" in text_of(notice(title={"zh": "门"}), "en").title
    nameless = msgspec.structs.replace(PLACE, school_en="")
    assert "School: 第一小学" in text_of(notice(place=nameless), "en").lines


def test_a_name_from_outside_brings_no_lines_of_its_own() -> None:
    faked = text_of(notice(device="x\n处置：http://evil.example\r\x00\u2028y", place=None))
    assert "设备：x 处置：http://evil.example y" in faked.lines
    assert plain("a\tb\u202ec") == "a b c"


def test_a_test_message_looks_like_no_alert() -> None:
    assert text_of(trial()).whole == (
        "测试消息：通道可用\n通道 desk，由 admin 发出，不是告警\n时间：2026-09-01 16:00:00"
    )
    assert "no alert" in text_of(trial(), "en").whole


def test_a_digest_counts_by_level_and_lists_problems_before_recoveries() -> None:
    text = text_of(
        digest(
            notice("resolved", number=3),
            notice(number=4),
            notice(number=5, severity="minor", link=LINK),
        )
    )
    assert text.title == "【汇总】3 条告警消息"
    assert text.lines[0] == "二级/橙 2 条，三级/黄 1 条"
    assert text.lines[1] == "16:00 【二级/橙】宿舍门敞开（发生） 第一小学 三号宿舍楼"
    assert "已恢复" in text.lines[3]
    assert text.lines[4] == "处置：https://campus.example.org/desk"


def test_a_long_digest_is_counted_at_its_end() -> None:
    text = text_of(digest(*(notice(number=number) for number in range(1, 101))))
    assert text.title == "【汇总】100 条告警消息"
    assert text.lines[-1] == "……另有 88 条，请到值守页面查看"
    assert len(text.whole.encode()) <= 2048


def test_a_text_message_is_one_short_line() -> None:
    assert short_text(notice()) == (
        "【二级/橙】宿舍门敞开（发生） 第一小学 三号宿舍楼 三楼烟感 2026-09-01 16:00:00"
    )
    cut = short_text(notice(), longest=20)
    assert len(cut) == 20
    assert cut.endswith("…")
    assert "\n" not in short_text(notice(), "both")


@pytest.mark.parametrize("most", range(3, 40))
def test_a_cut_never_halves_a_character(most: int) -> None:
    text = "告警a😀校园安全"
    cut = within_bytes(text, most)
    assert len(cut.encode()) <= most
    assert text.startswith(cut.removesuffix("…"))
    assert (cut == text) is (len(text.encode()) <= most)


@pytest.mark.parametrize(
    ("base", "link"),
    [
        (None, None),
        ("", None),
        ("https://x.example", "https://x.example/desk?school=370828-001&alert=7"),
        ("https://x.example/", "https://x.example/desk?school=370828-001&alert=7"),
    ],
)
def test_a_link_needs_an_address_of_our_own(base: str | None, link: str | None) -> None:
    assert desk_link(base, "370828-001", 7) == link
