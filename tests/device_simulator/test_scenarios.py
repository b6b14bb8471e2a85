"""What each scenario tells, checked without a broker."""

from collections import Counter
from itertools import pairwise

import msgspec
import pytest

from device_simulator import checklist
from device_simulator.errors import WrongUsageError
from device_simulator.happenings import Happening
from device_simulator.model import School
from device_simulator.scenarios import SCENARIOS
from device_simulator.scenarios.incidents import INCIDENTS
from device_simulator.scenarios.setting import Setting
from tests.device_simulator import stage

ALERTING = {incident.kind for incident in INCIDENTS}


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_the_same_seed_gives_the_same_bytes(scenario: str) -> None:
    first, again = (stage.messages(scenario, stage.setting(seed=5), 60) for _ in range(2))
    assert first == again
    # a story may by chance be of the same school for one other seed, not for four
    assert any(stage.messages(scenario, stage.setting(seed=seed), 60) != first for seed in range(6, 10))


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_two_runs_share_no_event_id(scenario: str) -> None:
    one, two = (stage.messages(scenario, stage.setting(), 60, run=run) for run in ("r1", "r2"))
    native = [
        {m.payload.split(b'"id":"')[1][:8] for _, m in run if m.format == "native"} for run in (one, two)
    ]
    assert native[0]
    assert not native[0] & native[1]


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_moments_come_in_order(scenario: str) -> None:
    offsets = [offset for offset, _ in stage.happenings(scenario, stage.setting(), 900)]
    assert offsets == sorted(offsets)
    assert offsets[0] >= 0


@pytest.mark.parametrize("scenario", stage.STORIES)
def test_whatever_starts_in_a_story_ends(scenario: str) -> None:
    told = [happening for _, happening in stage.happenings(scenario, stage.setting())]
    _assert_closed(told)


def _assert_closed(told: list[Happening]) -> None:
    started = {each.story for each in told if each.phase == "start"}
    ended = {each.story for each in told if each.phase == "end"}
    assert started == ended


@pytest.mark.parametrize("hour", [0, 3, 7.5, 10, 12, 17, 20, 23])
@pytest.mark.parametrize("speed", [1, 30])
def test_any_hour_of_a_school_day_alerts_within_twenty_seconds(hour: float, speed: float) -> None:
    told = stage.happenings("school_day", stage.setting(speed=speed, hour=hour), 20 * speed)
    alerting = [each for _, each in told if each.kind in ALERTING and each.phase == "start"]
    assert alerting
    assert "panic_button" in {each.kind for each in alerting}


def test_incidents_keep_coming_each_with_an_end_and_all_over_the_county() -> None:
    told = stage.happenings("school_day", stage.setting(), 900)
    incidents = [(offset, each) for offset, each in told if "/incident/" in each.story]
    starts = [offset for offset, each in incidents if each.phase == "start"]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert all(20 <= gap <= 40 for gap in gaps)
    _assert_closed([each for _, each in incidents if each.story in _ended_by(incidents)])
    assert {each.kind for _, each in incidents} == ALERTING
    assert len({each.device.school for _, each in incidents}) > 15


def _ended_by(incidents: list[tuple[float, Happening]]) -> set[str]:
    """Stories that began early enough to be over at the horizon."""
    return {each.story for offset, each in incidents if each.phase == "start" and offset < 850}


def test_the_day_has_a_rhythm() -> None:
    def counted(hour: float) -> Counter[str]:
        told = stage.happenings("school_day", stage.setting(hour=hour), 1800)
        return Counter(each.kind for _, each in told if each.phase in ("start", "pulse"))

    arrival, lessons, lunch, night = (counted(hour) for hour in (7.2, 10, 12, 2))
    assert arrival["person"] > 2 * lessons["person"] > 20 * night["person"]
    assert arrival["line_crossing"] > 10 * lessons["line_crossing"]
    assert night["line_crossing"] == 0
    assert 0 < night["motion"] < lessons["motion"] / 10
    assert lunch["no_mask"] + lunch["no_chef_hat"] > 0
    assert night["no_mask"] + night["no_chef_hat"] == 0


def test_cold_stores_are_read_each_minute_and_keep_cold() -> None:
    told = stage.happenings("school_day", stage.setting(schools=3), 7200)
    by_device: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for offset, each in told:
        if each.kind == "temperature":
            assert each.value is not None
            by_device.setdefault((each.device.school, each.device.code), []).append((offset, each.value))
    assert by_device
    for readings in by_device.values():
        assert len(readings) == 120
        values = [value for _, value in readings]
        assert 3.0 <= min(values) < 3.8
        assert 4.3 < max(values) <= 5.0


def test_fire_spreads_from_room_to_room() -> None:
    told = stage.happenings("fire_in_dormitory", stage.setting())
    starts = [(each.kind, each.attributes.get("room")) for _, each in told if each.phase == "start"]
    assert starts == [
        ("smoke", "201"),
        ("smoke", "202"),
        ("smoke", "301"),
        ("fire", None),
        ("smoke", "302"),
        ("panic_button", None),
        ("smoke", "101"),
    ]
    assert {each.device.zone.type for _, each in told} == {"dormitory"}
    assert len({each.device.school for _, each in told}) == 1


def test_the_intruder_is_seen_in_both_formats() -> None:
    told = [each for _, each in stage.happenings("intruder_at_night", stage.setting())]
    assert {(each.device.format, each.kind) for each in told} == {
        ("frigate", "person"),
        ("native", "climbing"),
        ("native", "intrusion"),
    }


def test_the_intruder_is_seen_without_an_nvr_too() -> None:
    county = stage.setting().county
    native = msgspec.structs.replace(stage.setting(), chosen=county.schools[0])
    told = [each for _, each in stage.happenings("intruder_at_night", native)]
    assert {each.device.format for each in told} == {"native"}
    assert {each.kind for each in told} == {"person", "climbing", "intrusion"}


@pytest.mark.parametrize("speed", [1, 60, 600])
def test_the_cold_store_stays_warm_long_enough_for_any_rule(speed: float) -> None:
    told = stage.happenings("cold_store_failure", stage.setting(speed=speed))
    readings = [(offset / speed, each.value) for offset, each in told if each.kind == "temperature"]
    values = [value for _, value in readings if value is not None]
    assert all(value < 6 for value in values[:5])
    assert all(value < 6 for value in values[-10:])
    climb = values[5 : values.index(max(values))]
    assert all(later - earlier < 1 for earlier, later in pairwise(climb))
    above_8 = [at for at, value in readings if value is not None and value > 8]
    above_12 = [at for at, value in readings if value is not None and value > 12]
    assert above_8[-1] - above_8[0] > 600
    assert above_12[-1] - above_12[0] > 300


def test_the_storm_is_one_camera_and_one_button() -> None:
    told = stage.happenings("camera_storm", stage.setting())
    motion = [(offset, each) for offset, each in told if each.kind == "motion"]
    assert len({each.device.code for _, each in motion}) == 1
    per_second = Counter(int(offset) for offset, _ in motion)
    assert min(per_second.values()) >= 300
    assert [each.kind for _, each in told if each.kind != "motion"] == ["panic_button", "panic_button"]


def test_the_second_inspection_of_a_canteen_is_worse() -> None:
    told = stage.happenings("canteen_inspection", stage.setting(speed=10))
    (first_at, first), (second_at, second) = told
    assert second_at - first_at == pytest.approx(60)
    good, worse = first.attributes, second.attributes
    assert good["cafeteria"] == worse["cafeteria"] == f"{first.device.school}-c1"
    assert _failed(good) == set()
    assert len(_failed(worse)) == 9
    assert len(_failed(worse) & checklist.KEY_ITEMS) == 1


@pytest.mark.parametrize("seed", range(40))
def test_the_worse_inspection_costs_a_grade_but_leaves_one(seed: int) -> None:
    told = stage.happenings("canteen_inspection", stage.setting(schools=1, seed=seed))
    lost = sum(_POINTS[code] for code in _failed(told[1][1].attributes))
    assert 6.0 <= (90 - lost) / 9 < 8.9


# The form's points of the items that may fail: ten for each of nine sections.
_POINTS = (
    dict.fromkeys(("2.2", "2.3", "5.1", "6.2", "9.2"), 3)
    | dict.fromkeys(("4.3", "4.4", "5.2", "5.4", "7.1", "7.2", "7.4", "8.2", "8.3"), 2)
    | {"9.3": 4}
)


def _failed(form: dict[str, object]) -> set[str]:
    items = form["items"]
    assert isinstance(items, list)
    return {item["code"] for item in items if item["result"] == "fail"}


def test_the_form_has_the_thirty_items_of_nine_sections() -> None:
    assert len(checklist.ITEMS) == len(set(checklist.ITEMS)) == 30
    assert Counter(code.split(".")[0] for code in checklist.ITEMS) == {
        "1": 1, "2": 3, "3": 2, "4": 4, "5": 4, "6": 3, "7": 6, "8": 4, "9": 3,
    }  # fmt: skip
    assert set(checklist.ITEMS) > checklist.KEY_ITEMS


@pytest.mark.parametrize("scenario", stage.STORIES)
def test_a_chosen_school_is_where_it_happens(scenario: str) -> None:
    whole = stage.setting()
    school = whole.county.schools[3]
    chosen = msgspec.structs.replace(whole, chosen=school)
    assert {each.device.school for _, each in stage.happenings(scenario, chosen)} == {school.code}
    assert SCENARIOS[scenario].cast(chosen) == (school,)


@pytest.mark.parametrize("scenario", stage.STORIES)
def test_the_cast_is_who_speaks(scenario: str) -> None:
    whole = stage.setting()
    speaking = {each.device.school for _, each in stage.happenings(scenario, whole)}
    assert {school.code for school in SCENARIOS[scenario].cast(whole)} == speaking


def test_a_county_without_a_dormitory_cannot_burn_there() -> None:
    with pytest.raises(WrongUsageError, match="a dormitory"):
        stage.happenings("fire_in_dormitory", stage.setting(schools=2))


def test_every_scenario_has_a_sentence_and_a_gateway_of_its_own() -> None:
    assert len({scenario.gateway for scenario in SCENARIOS.values()}) == len(SCENARIOS)
    assert all(scenario.sentence.endswith(".") for scenario in SCENARIOS.values())


def test_schools_are_chosen_by_seed() -> None:
    def cast(seed: int) -> School:
        return SCENARIOS["canteen_inspection"].cast(Setting(stage.setting(seed=seed).county))[0]

    assert len({cast(seed).code for seed in range(8)}) > 2
