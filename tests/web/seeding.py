"""A believable county for the wall screen's tests and pictures: fixed seed, times relative to `now`."""

import math
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from safety_service.store import counters, rollups
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import AlertTransition, County, Device, School, StoredAlert, Township
from safety_service.store.tables_cafeteria import Cafeteria, Inspection
from safety_service.store.tables_partition import Partition

TOWNSHIPS = (
    ("金乡街道", "Jinxiang", 35.066, 116.311),
    ("高河街道", "Gaohe", 35.094, 116.372),
    ("王丕街道", "Wangpi", 35.019, 116.330),
    ("鱼山街道", "Yushan", 35.060, 116.245),
    ("羊山镇", "Yangshan", 35.153, 116.215),
    ("胡集镇", "Huji", 35.205, 116.365),
    ("霄云镇", "Xiaoyun", 34.912, 116.205),
    ("鸡黍镇", "Jishu", 34.998, 116.160),
    ("司马镇", "Sima", 35.100, 116.150),
    ("马庙镇", "Mamiao", 35.075, 116.480),
    ("化雨镇", "Huayu", 34.965, 116.410),
    ("卜集镇", "Buji", 35.020, 116.540),
    ("兴隆镇", "Xinglong", 34.925, 116.310),
)
SCHOOL_KINDS = (
    ("kindergarten", "幼儿园", "Kindergarten"),
    ("primary", "小学", "Primary School"),
    ("middle", "中学", "Middle School"),
    ("vocational", "职业学校", "Vocational School"),
)
NUMERALS = "一二三四五六七八九"
ALERTS = (
    ("panic_button", "critical", "一键报警", "Panic button pressed", "guard-room"),
    ("smoke", "critical", "烟雾报警", "Smoke detected", "dormitory-2"),
    ("gas_leak", "critical", "燃气泄漏", "Gas leak", "kitchen"),
    ("intrusion", "major", "周界入侵", "Perimeter intrusion", "north-fence"),
    ("climbing", "major", "攀爬围墙", "Climbing the wall", "west-fence"),
    ("crowd", "minor", "校门人员聚集", "Crowd at the gate", "main-gate"),
    ("temperature", "minor", "冷藏超温", "Cold store too warm", "cold-store"),
    ("tamper", "minor", "摄像机遮挡", "Camera tampered", "playground"),
    ("no_mask", "warning", "未戴口罩", "No mask in the kitchen", "kitchen"),
    ("device_offline", "warning", "设备离线", "Device silent", "gate"),
)
WEIGHTS = (1, 1, 1, 6, 3, 7, 6, 4, 12, 14)
BANDS = ((9.0, "优秀", "大笑"), (7.5, "良好", "微笑"), (6.0, "一般", "平脸"), (0.0, None, None))
EVENT_KINDS = ("person", "vehicle", "temperature", "people_count", "heartbeat", "motion", "no_chef_hat")


def seed_county(
    engine: Engine, now: datetime, *, schools: int = 60, alerts: int = 160, seed: int = 7
) -> None:
    """Writes townships, schools, devices, alerts with their history, and a day of roll-ups."""
    chance = random.Random(seed)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.add(County(code="370828", name_zh="金乡县", name_en="Jinxiang County"))
        session.flush()
        for number, (name_zh, name_en, _, _) in enumerate(TOWNSHIPS, 1):
            code = f"370828{number:03d}"
            session.add(Township(code=code, county="370828", name_zh=name_zh, name_en=name_en))
        session.flush()
        codes = [_school(session, chance, number) for number in range(schools)]
        session.flush()
        _devices(session, chance, codes, now)
        _alerts(session, chance, codes, now, alerts)
        _rollups(session, chance, codes, now)
        _cafeterias(session, chance, codes, now)
        session.add(Partition(id=1, name="county", client_id="c", filters=[], advanced_at=now))


def _school(session: Session, chance: random.Random, number: int) -> str:
    place = number % len(TOWNSHIPS)
    name_zh, name_en, latitude, longitude = TOWNSHIPS[place]
    kind, kind_zh, kind_en = SCHOOL_KINDS[min(chance.randrange(5), 3) if number > 3 else number]
    angle, distance = chance.uniform(0, math.tau), chance.uniform(0.004, 0.03)
    code = f"370828-{number + 1:03d}"
    turn = number // len(TOWNSHIPS)
    session.add(
        School(
            code=code,
            name_zh=f"{name_zh.rstrip('街道镇')}第{NUMERALS[turn % 9]}{kind_zh}",
            name_en=f"{name_en} No. {turn + 1} {kind_en}",
            township=f"370828{place + 1:03d}",
            kind=kind,
            latitude=latitude + distance * math.sin(angle),
            longitude=longitude + distance * math.cos(angle),
            pupils=chance.randrange(120, 2400),
        )
    )
    return code


def _devices(session: Session, chance: random.Random, codes: list[str], now: datetime) -> None:
    for code in codes:
        silent_school = chance.random() < 0.04
        for number in range(chance.randrange(12, 30)):
            late = silent_school or chance.random() < 0.03
            session.add(
                Device(
                    school=code,
                    device=f"dev-{number}",
                    name=f"dev-{number}",
                    format=chance.choice(("native", "frigate", "zigbee2mqtt", "tasmota")),
                    condition="active" if chance.random() < 0.95 else "new",
                    first_seen_at=now - timedelta(days=90),
                    last_seen_at=now - timedelta(seconds=chance.randrange(5000, 90000) if late else 20),
                )
            )


def _alerts(session: Session, chance: random.Random, codes: list[str], now: datetime, alerts: int) -> None:
    ages = sorted((chance.expovariate(1 / 26000) for _ in range(alerts)), reverse=True)
    troubled = chance.choices(codes, k=12)
    for number, age in enumerate(ages, 1):
        kind, severity, title_zh, title_en, zone = chance.choices(ALERTS, WEIGHTS)[0]
        raised = now - timedelta(seconds=min(age, 86000) + 4)
        fields = _handling(chance, raised, now)
        school = chance.choice(troubled if chance.random() < 0.4 else codes)
        alert = StoredAlert(
            id=number,
            rule=kind,
            rule_version="1",
            key=f'["{school}","{number}"]',
            school=school,
            kind=kind,
            device=f"dev-{number % 12}",
            zone=zone,
            title={"zh": title_zh, "en": title_en},
            severity=severity,
            raised_at=raised,
            last_seen_at=raised,
            count=chance.choice((1, 1, 1, 2, 3, 8)),
            **fields,
        )
        session.add(alert)
        session.flush()
        session.add(
            AlertTransition(
                number=number,
                alert_id=number,
                school=alert.school,
                change="raised",
                at=raised,
                severity=severity,
                condition="firing",
                actor="rule",
            )
        )
    counters.take(session, "alert", alerts)
    counters.take(session, counters.TRANSITIONS, alerts)


def _handling(chance: random.Random, raised: datetime, now: datetime) -> dict[str, Any]:
    """Old alerts were acknowledged and closed; young ones wait."""
    acknowledged = raised + timedelta(seconds=chance.uniform(15, 400))
    closed = acknowledged + timedelta(seconds=chance.uniform(200, 9000))
    fields: dict[str, Any] = {"condition": "firing"}
    if now - raised < timedelta(minutes=20) and chance.random() < 0.5:
        return fields
    if acknowledged < now:
        fields |= {"acknowledged_at": acknowledged, "acknowledged_by": "duty"}
    if closed < now:
        fields |= {"condition": "resolved", "resolved_at": closed, "closed_at": closed, "closed_by": "duty"}
        fields |= {"disposition": "confirmed"}
    return fields


def _cafeterias(session: Session, chance: random.Random, codes: list[str], now: datetime) -> None:
    """One for each school with two visits; the cafeteria repeats the last one, as the service does."""
    schools = {school.code: school for school in session.exec(select(School))}
    places = {
        code: Cafeteria(
            id=f"{code}-c1",
            school=code,
            name_zh=f"{schools[code].name_zh}食堂",
            name_en=f"{schools[code].name_en} canteen",
        )
        for code in codes
    }
    session.add_all(places.values())
    session.flush()
    number = 0
    for place in places.values():
        for days_ago in (chance.randrange(100, 300), chance.randrange(90)):
            number += 1
            visit = _visit(chance, place, number, now - timedelta(days=days_ago))
            session.add(visit)
            session.flush()
            for field in ("visited_on", "scheme", "score", "grade", "icon"):
                setattr(place, field, getattr(visit, field))
            place.inspection = number
    counters.take(session, counters.INSPECTIONS, number)


def _visit(chance: random.Random, place: Cafeteria, number: int, at: datetime) -> Inspection:
    score = round(min(10.0, max(5.2, chance.gauss(8.9, 0.8))), 1)
    grade, icon = next((grade, icon) for edge, grade, icon in BANDS if score >= edge)
    return Inspection(
        id=number,
        school=place.school,
        cafeteria=place.id,
        source_key=f"seed-{number}",
        fingerprint=str(number),
        scheme="cn.dynamic_2012",
        scheme_version="1",
        visited_on=at.date(),
        submitted_at=at,
        submitted_by="inspector",
        score=str(score),
        grade=grade,
        icon=icon,
        previous=place.inspection,
        visit=number,
        chain_number=number,
        chain_hash=f"seed-{number}",
    )


def _rollups(session: Session, chance: random.Random, codes: list[str], now: datetime) -> None:
    events: Counter[tuple[str, datetime, str]] = Counter()
    raised: Counter[tuple[str, datetime, str, str]] = Counter()
    for back in range(48):
        hour = rollups.hour_of(now - timedelta(hours=back))
        local = (hour.hour + 8) % 24
        rhythm = 0.15 + 1.2 * sum(math.exp(-((local - peak) ** 2) / 3) for peak in (7, 12, 17))
        for code in codes:
            for kind in EVENT_KINDS:
                events[code, hour, kind] = int(chance.uniform(4, 16) * rhythm)
            if chance.random() < 0.1 * rhythm:
                kind, severity, *_ = chance.choices(ALERTS, WEIGHTS)[0]
                raised[code, hour, kind, severity] += 1
    rollups.add_events(session, events)
    rollups.add_alerts(session, raised)
