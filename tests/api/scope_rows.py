"""One row of everything for a school, so that a test can look for what leaks to the people of another."""

import hashlib
import io
from datetime import date, timedelta
from typing import Any

from PIL import Image
from sqlalchemy import Engine
from sqlmodel import Session

from safety_service.domain.rights import sees_every_school
from safety_service.domain.scoring.book import pick
from safety_service.domain.scoring.form import score_form
from safety_service.domain.types import Message
from safety_service.services.schemes import load_schemes
from safety_service.store import counters, messages, partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from safety_service.store.tables import (
    AlertTransition,
    County,
    Device,
    RejectedMessage,
    School,
    StoredAlert,
    StoredEvent,
    Township,
    Zone,
)
from safety_service.store.tables_cafeteria import Cafeteria, Inspection
from safety_service.store.tables_credit import Appeal, Penalty, Repair
from safety_service.store.tables_credit_index import CreditIndexDay
from safety_service.store.tables_desk import Handover
from safety_service.store.tables_duties import (
    DutyOccurrence,
    DutyRecord,
    HealthCertificate,
    StoredObligation,
)
from safety_service.store.tables_escalation import (
    Escalation,
    EscalationPolicy,
    RosterOverride,
    StoredRoster,
)
from safety_service.store.tables_identity import DeviceIdentity, MetricNames, SensorState
from safety_service.store.tables_inspection import Attachment, InspectionDraft, PlannedVisit
from safety_service.store.tables_outbox import Channel, Notification
from safety_service.store.tables_partition import Gateway
from safety_service.store.tables_people import ApiKey, ApiKeySchool, AuditEntry, User, UserSchool
from safety_service.store.tables_push import UnmappedCode, ViidRegistration
from safety_service.store.tables_rectification import Rectification, RectificationStep
from safety_service.store.tables_rollup import RollupAlertHour, RollupHour
from safety_service.store.tables_snapshot import Snapshot, SnapshotFetch
from safety_service.store.tables_suppression import QuietTime
from tests.conftest import NOW
from tests.people import password_hash

SCHEME = "cn.dynamic_2012"
VISIT = {
    "date": "2026-08-20",
    "licence_issued": "2023-01-05",
    "sections": [7, 7, 7, 7, 7, 7, 7, 7, None],
    "key_items_failed": 0,
}


def school_code(number: int) -> str:
    return f"370828-00{number}"


def marker(number: int) -> str:
    """A word that stands in every text of the school's rows and nowhere else."""
    return f"zqmark{number}"


def add_county(engine: Engine) -> None:
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        session.add(County(code="370828", name_zh="金乡县", name_en="Jinxiang County"))
        session.add(Channel(id="desk", kind="webhook"))
        partitions.ensure(session, partitions.COUNTY_PARTITION)


def add_everything(engine: Engine, number: int) -> None:
    """Rows of school 1 have the numbers 1, 11 ..., those of school 2 have 2, 12 ..."""
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        messages.append(session, 1, [Message(topic=marker(number), payload=b"{", received_at=NOW)])
        for rows in (
            _registry(number),
            _log(number),
            _alerts(number),
            _history(number),
            _duty(number),
            _owed(number),
            _cafeteria(number),
            _put_right(number),
            _standing(number),
            _images(number),
            _certificate(number),
        ):
            _add(session, rows)
        _add(session, _people(number))
        counters.take(session, counters.TRANSITIONS, 4 - counters.current(session, counters.TRANSITIONS))
        counters.take(session, counters.INSPECTIONS, 1)


def _add(session: Session, rows: list[object]) -> None:
    for row in rows:
        session.add(row)
        session.flush()


def _registry(n: int) -> list[object]:
    school, mark = school_code(n), marker(n)
    return [
        Township(code=f"37082810{n}", county="370828", name_zh=mark, name_en=mark),
        School(
            code=school,
            name_zh=mark,
            name_en=mark,
            township=f"37082810{n}",
            kind="primary",
            latitude=35.0 + n,
            longitude=116.0,
        ),
        Zone(school=school, code=mark, name=mark, type="gate"),
        Device(
            school=school,
            device=mark,
            name=mark,
            zone=mark,
            zone_type="gate",
            format="native",
            model=mark,
            condition="new",
            last_seen_at=NOW - timedelta(days=n),
        ),
        Device(school=school, device=mark.upper(), name=mark),
        DeviceIdentity(school=school, identity=f"serial {mark}", device=mark),
        SensorState(
            school=school, device=mark, kind="smoke", code="smoke", is_on=True, kept=False, position=n
        ),
        MetricNames(school=school, device=mark, names={"1": ["Smoke", 11]}, position=n),
        Gateway(school=school, gateway=mark, covered=n, beyond=[[n + 5, n + 9]], gap_since=NOW, heard_at=NOW),
    ]


def _log(n: int) -> list[object]:
    school, mark = school_code(n), marker(n)
    hour = NOW.replace(minute=0)
    return [
        RejectedMessage(
            id=n,
            partition=1,
            position=n,
            school=school,
            topic=mark,
            reason=mark,
            place=mark,
            detail=mark,
            received_at=NOW,
            payload=b"{",
        ),
        StoredEvent(
            id=n,
            school=school,
            device=mark,
            kind=f"intrusion_{mark}",
            phase="pulse",
            occurred_at=NOW,
            received_at=NOW,
            format="native",
            zone=mark,
            attributes={"mark": mark},
        ),
        RollupHour(hour=hour, school=school, kind=f"intrusion_{mark}", events=n),
        RollupAlertHour(hour=hour, school=school, kind=f"intrusion_{mark}", severity="major", raised=n),
        AuditEntry(
            at=NOW,
            actor=mark,
            action="device.adopt",
            object_type="device",
            object_id=mark,
            school=school,
            detail={"mark": mark},
        ),
    ]


def _alerts(n: int) -> list[object]:
    common: dict[str, Any] = {
        "rule": "intrusion",
        "rule_version": "1",
        "school": school_code(n),
        "kind": f"intrusion_{marker(n)}",
        "title": {"zh": marker(n), "en": marker(n)},
        "severity": "major",
        "raised_at": NOW,
        "last_seen_at": NOW,
        "device": marker(n),
        "zone": marker(n),
    }
    ended: dict[str, Any] = {"resolved_at": NOW, "acknowledged_at": NOW, "acknowledged_by": marker(n)}
    closed: dict[str, Any] = {"closed_at": NOW, "closed_by": marker(n), "disposition": "test"}
    key = f'["{school_code(n)}","{marker(n)}"]'
    return [
        StoredAlert(id=n, key=key, condition="firing", **common),
        StoredAlert(id=10 + n, key=key, condition="resolved", **ended, **closed, **common),
        # Closed with its own end: nobody ever looked at it.
        StoredAlert(
            id=20 + n,
            key=key,
            condition="resolved",
            resolved_at=NOW,
            closed_at=NOW,
            closed_by="system",
            **common,
        ),
    ]


def _history(n: int) -> list[object]:
    """Numbers 1 and 3 for school 1, 2 and 4 for school 2: in a stream one stands between the other's."""
    common: dict[str, Any] = {"school": school_code(n), "at": NOW, "severity": "major", "actor": marker(n)}
    return [
        AlertTransition(number=n, alert_id=n, change="raised", condition="firing", **common),
        AlertTransition(number=n + 2, alert_id=10 + n, change="closed", condition="resolved", **common),
        Notification(
            id=n,
            alert_id=n,
            transition=n,
            channel="desk",
            recipient=marker(n),
            school=school_code(n),
            created_at=NOW,
            next_attempt_at=NOW,
        ),
    ]


def _duty(n: int) -> list[object]:
    mark = marker(n)
    title = {"zh": mark, "en": mark}
    shift = {"members": [mark], "starts_on": "2026-08-03", "hand_over_at": "08:00"}
    steps = [{"after": "5m", "notify": [{"channel": "desk"}], "repeat": None}]
    return [
        StoredRoster(
            id=mark,
            title=title,
            schools=[school_code(n)],
            timezone="Asia/Shanghai",
            members=[{"id": mark, "name": mark, "channel": "desk", "phone": mark}],
            shifts=[shift],
        ),
        RosterOverride(
            id=n,
            roster=mark,
            start_at=NOW,
            end_at=NOW + timedelta(days=1),
            member=mark,
            created_at=NOW,
            created_by=mark,
        ),
        EscalationPolicy(id=mark, title=title, steps=steps),
        Escalation(
            alert_id=n,
            school=school_code(n),
            policy=mark,
            steps=steps,
            run=n,
            counts_from=NOW,
            next_due_at=NOW + timedelta(minutes=5),
        ),
    ]


def _owed(n: int) -> list[object]:
    school, mark = school_code(n), marker(n)
    name = f"{mark}/{school}/{n}"
    window: dict[str, Any] = {
        "opens_at": NOW,
        "due_at": NOW + timedelta(hours=n),
        "lapses_at": NOW + timedelta(days=1),
    }
    return [
        StoredObligation(
            of="duty",
            id=name,
            change=n,
            school=school,
            subject=mark,
            title={"zh": mark, "en": mark},
            due_at=NOW + timedelta(days=1),
        ),
        DutyOccurrence(id=name, duty=mark, school=school, subject=mark, **window),
        DutyRecord(
            id=n,
            duty=mark,
            school=school,
            subject=mark,
            done_at=NOW,
            done_by=mark,
            found="nothing",
            recorded_at=NOW,
            recorded_by=mark,
        ),
    ]


def _certificate(n: int) -> list[object]:
    school, mark = school_code(n), marker(n)
    return [
        HealthCertificate(
            cafeteria=f"{school}-c1",
            reference=mark,
            school=school,
            person=mark,
            expires_on=date(2027, 3, n),
            updated_at=NOW,
            updated_by=mark,
        )
    ]


def _cafeteria(n: int) -> list[object]:
    school, mark = school_code(n), marker(n)
    name = f"{school}-c1"
    return [
        Cafeteria(
            id=name,
            school=school,
            name_zh=mark,
            name_en=mark,
            inspection=n,
            visited_on=date(2026, 8, 20),
            scheme=SCHEME,
            score="7.0",
            grade="一般",
            icon="flat",
        ),
        Inspection(
            id=n,
            school=school,
            cafeteria=name,
            source_key=mark,
            fingerprint=mark,
            scheme=SCHEME,
            scheme_version="1",
            visited_on=date(2026, 8, 20),
            submitted_at=NOW,
            submitted_by=mark,
            inspector=mark,
            note=mark,
            score="7.0",
            grade="一般",
            icon="flat",
            result=score_form(pick(load_schemes(), SCHEME), VISIT).as_json(),
            comparison={
                "change": {"zh": mark, "en": mark},
                "why": {"zh": mark, "en": mark},
                "sections_worse": [],
                "key_items_failed": [],
            },
            visit=n,
            chain_number=n,
            chain_hash=mark,
        ),
        Attachment(
            cafeteria=name,
            sha256=hashlib.sha256(picture(n)).hexdigest(),
            school=school,
            media_type="image/png",
            size=len(picture(n)),
            width=n,
            height=1,
            stored_at=NOW,
            stored_by=mark,
        ),
        InspectionDraft(
            cafeteria=name,
            id=mark,
            school=school,
            body={"id": mark},
            problems=[{"place": "date", "reason": mark}],
            submitted_at=NOW,
            submitted_by=mark,
        ),
        CreditIndexDay(
            cafeteria=name,
            day=NOW.date(),
            school=school,
            value="70.00",
            version=mark,
            reckoned_at=NOW,
        ),
        PlannedVisit(
            cafeteria=name,
            school=school,
            assignee="admin",
            planned_on=NOW.date(),
            planned_at=NOW,
            planned_by=mark,
        ),
    ]


def _put_right(n: int) -> list[object]:
    """Number n is open, number 10 + n was reported done."""
    school, mark = school_code(n), marker(n)
    common: dict[str, Any] = {
        "school": school,
        "cafeteria": f"{school}-c1",
        "zone": mark,
        "source": "patrol",
        "title": {"zh": mark, "en": mark},
        "owner": mark,
        "due_on": date(2026, 8, 25),
        "due_at": NOW,
        "opened_at": NOW,
        "opened_by": mark,
    }
    done: dict[str, Any] = {"status": "done", "done_at": NOW, "done_by": mark, "photos_after": ["a" * 64]}
    step: dict[str, Any] = {
        "rectification": n,
        "school": school,
        "action": "opened",
        "at": NOW,
        "status": "open",
    }
    return [
        Rectification(id=n, **common),
        Rectification(id=10 + n, **common, **done),
        RectificationStep(id=n, by=mark, comment=mark, **step),
    ]


def _standing(n: int) -> list[object]:
    """Inspection 10 + n is contested; somebody has applied for penalty 10 + n; 20 + n is not published."""
    school, mark = school_code(n), marker(n)
    place: dict[str, Any] = {"school": school, "cafeteria": f"{school}-c1"}
    visit: dict[str, Any] = {
        "scheme": SCHEME,
        "scheme_version": "1",
        "visited_on": date(2026, 8, 10),
        "submitted_at": NOW,
    }
    penalty: dict[str, Any] = {
        **place,
        "operator": mark,
        "kind": "warning",
        "subject": "food",
        "decided_on": date(2026, 1, 5),
        "published_on": date(2026, 1, 9),
        "recorded_at": NOW,
        "recorded_by": mark,
    }
    claimed = ["duties_done", "harm_removed", "no_repeat", "not_listed"]
    applied: dict[str, Any] = {
        "repair_class": "minor",
        "repairable_on": date(2026, 4, 9),
        "conditions": claimed,
    }
    return [
        Inspection(
            id=10 + n,
            visit=10 + n,
            chain_number=10 + n,
            chain_hash=mark,
            source_key=f"{mark}-contested",
            fingerprint=mark,
            submitted_by=mark,
            result=score_form(pick(load_schemes(), SCHEME), VISIT).as_json(),
            comparison={
                "change": {"zh": mark, "en": mark},
                "why": {"zh": mark, "en": mark},
                "sections_worse": [],
                "key_items_failed": [],
            },
            **place,
            **visit,
        ),
        Appeal(
            id=n,
            inspection=10 + n,
            grounds=mark,
            filed_at=NOW,
            filed_by=mark,
            due_on=date(2026, 9, 20),
            due_at=NOW + timedelta(days=20),
            **place,
        ),
        Penalty(id=n, reference=f"{mark}-1", **penalty),
        Penalty(id=10 + n, reference=f"{mark}-2", **penalty),
        Penalty(id=20 + n, reference=f"{mark}-3", **{**penalty, "published_on": None}),
        Repair(
            id=n,
            penalty=10 + n,
            school=school,
            statement=mark,
            applied_at=NOW,
            applied_by=mark,
            **applied,
        ),
    ]


def picture(number: int) -> bytes:
    """An image that no other school has."""
    content = io.BytesIO()
    Image.new("RGB", (number, 1)).save(content, "PNG")
    return content.getvalue()


def _images(n: int) -> list[object]:
    school, mark = school_code(n), marker(n)
    content = picture(n)
    return [
        Snapshot(
            sha256=hashlib.sha256(content).hexdigest(),
            school=school,
            media_type="image/png",
            size=len(content),
            stored_at=NOW,
        ),
        SnapshotFetch(
            school=school,
            device=mark,
            link=f"http://{mark}/1.jpg",
            host=mark,
            occurred_at=NOW,
            created_at=NOW,
            next_attempt_at=NOW,
        ),
    ]


def _people(n: int) -> list[object]:
    """An administrator of this school only, and a machine of it."""
    mark, school = marker(n), school_code(n)
    return [
        User(
            name=f"admin-{mark}",
            display_name=mark,
            password_hash=password_hash(),
            role="admin",
            every_school=sees_every_school("admin", frozenset({school}), False),
            created_at=NOW,
            updated_at=NOW,
        ),
        UserSchool(user=f"admin-{mark}", school=school),
        ApiKey(
            id=n,
            name=mark,
            prefix=f"csk_{mark}",
            key_hash=mark,
            role="security",
            created_at=NOW,
            created_by=mark,
        ),
        ApiKeySchool(key_id=n, school=school),
        ViidRegistration(viid_id=f"{mark}-viid", key_id=n, school=school, registered_at=NOW, heard_at=NOW),
        UnmappedCode(
            school=school,
            vendor="generic",
            code=mark,
            format="aibox",
            count=n,
            first_seen_at=NOW,
            last_seen_at=NOW,
            device=mark,
        ),
        Channel(
            id=mark,
            kind="webhook",
            # Refused before anything is sent: private targets are not allowed in these tests.
            config={"url": "http://127.0.0.1:9/", "secret": "whsec_" + "A" * 32},
            schools=[school],
        ),
        Handover(school=school, note=mark, open=_open(mark), written_at=NOW, written_by=mark),
        *(_quiet_time(number, kind, n) for number, kind in ((n, "silence"), (10 + n, "maintenance"))),
    ]


def _open(mark: str) -> dict[str, Any]:
    """What a hand-over carries where nothing is open but a silence."""
    silence: dict[str, Any] = {
        "id": 1,
        "school": None,
        "match": {},
        "comment": mark,
        "ends_at": NOW.isoformat(),
    }
    counts = {"by_severity": {}, "unacknowledged": 0, "rectifications_overdue": 0, "duties_overdue": 0}
    return {**counts, "alerts": [], "silences": [silence]}


def _quiet_time(number: int, kind: str, n: int) -> QuietTime:
    return QuietTime(
        id=number,
        type=kind,
        school=school_code(n),
        match={"device": marker(n)},
        starts_at=NOW - timedelta(hours=1),
        ends_at=NOW + timedelta(days=1),
        timezone="Asia/Shanghai",
        comment=marker(n),
        created_at=NOW,
        created_by=marker(n),
    )
