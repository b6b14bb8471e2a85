"""Names as people paste them, codes as they must be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety_service.domain.errors import Refused
from safety_service.domain.registry import DeviceEntry, SchoolEntry, clean, read_entry

SCHOOL = {"code": "370828-001", "name_zh": "第一小学", "township": "鱼山街道"}


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("\ufeffcam-1", "cam-1"),
        ("cam\u200b-1\u2060", "cam-1"),
        ("  北门\u3000 一号\t", "北门 一号"),
        ("a\x00b\x1b", "ab"),
        ("e\u0301", "é"),
        ("\u202ecam", "cam"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("\u200dcam\u200d", "cam"),
        ("\u200b", ""),
    ],
)
def test_invisible_characters_go(pasted: str, meant: str) -> None:
    assert clean(pasted) == meant


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("code", ["370828-001", " 370828-001\u200b"])
def test_a_school_code_is_taken(code: str) -> None:
    assert read_entry(SchoolEntry, {**SCHOOL, "code": code}).code == "370828-001"


@pytest.mark.parametrize(
    "code", ["370828001", "37082-001", "370828-01", "３７０８２８-001", "370828-001\n1", ""]
)
def test_a_wrong_school_code_is_refused(code: str) -> None:
    with pytest.raises(Refused) as refused:
        read_entry(SchoolEntry, {**SCHOOL, "code": code})
    assert [place for place, _ in refused.value.problems] == ["code"]


def test_every_wrong_field_is_named() -> None:
    with pytest.raises(Refused) as refused:
        read_entry(
            SchoolEntry, {**SCHOOL, "kind": "x", "latitude": "91", "pupils": "many", "timezone": "X/Y"}
        )
    assert [place for place, _ in refused.value.problems] == ["kind", "latitude", "pupils", "timezone"]


def test_empty_cells_are_nothing() -> None:
    empty = {"kind": "", "latitude": " ", "longitude": "", "pupils": "", "timezone": "", "name_en": ""}
    entry = read_entry(SchoolEntry, {**SCHOOL, **empty})
    assert (entry.kind, entry.latitude, entry.pupils, entry.timezone) == ("other", None, None, None)


@pytest.mark.parametrize("device", ["a#", "+", "", "x" * 201])
def test_a_device_id_fits_into_a_topic(device: str) -> None:
    with pytest.raises(Refused):
        read_entry(DeviceEntry, {"school": "370828-001", "device": device, "name": "x"})
