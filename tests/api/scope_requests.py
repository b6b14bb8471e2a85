"""For every route of the API, a request that concerns school 2: a new route must say here how to make one."""

import hashlib
from typing import Any

from tests.api.scope_rows import SCHEME, marker, picture, school_code
from tests.people import PASSWORD

OTHER = 2
OTHER_CODE, OTHER_MARK = school_code(OTHER), marker(OTHER)

NOT_OF_A_SCHOOL = {
    "/auth/token": "makes a caller, has none",
    "/auth/refresh": "the caller's own account",
    "/auth/logout": "the caller's own account",
    "/auth/password": "the caller's own account",
    "/auth/me": "the caller's own account",
    "/rules": "the same rules for every school",
    "/escalations": "the same policies for every school, like the rules that name them",
    "/escalations/{policy_id}": "the same policies for every school, like the rules that name them",
    "/rule-kinds": "the same for every school",
    "/calendars": "the same for every school",
    "/inspectors/bunching": "for the county alone: others get 403, which tells them nothing",
    "/duties": "the same for every school",
    "/duties/{duty}": "the same for every school",
    "/calendars/{name}": "the same for every school",
    "/rules/backtest": "reckons and stores nothing; has a test of its own",
    "/schemes": "published rules",
    "/schemes/{scheme}": "published rules",
    "/schemes/{scheme}/score": "reckons with what is sent, stores nothing",
    "/view/boundary": "the county's map",
    "/inspections/chain-head": "one chain for the county, for callers with every school; has its own test",
    "/stream": "endless; has a test of its own",
    "/disclosure/{cafeteria}": "what the operator publishes, to everybody; has a test of its own",
    "/disclosure/{cafeteria}/sign": "an address of the same",
    "/vendors": "the same profiles for every school",
    "/push/{school}/{format}": "into the message log, by a device's own key; has tests of its own",
    "/push/{school}/{format}/{rest}": "into the message log, by a device's own key; has tests of its own",
}
"""Routes whose answers hold nothing of any school, and why."""

COUNTY_ONLY = {
    ("PUT", "/townships/{township}"),
    ("PUT", "/rules"),
    ("PUT", "/escalations/{policy_id}"),
    ("DELETE", "/escalations/{policy_id}"),
    ("PUT", "/rosters/{roster_id}"),
    ("DELETE", "/rosters/{roster_id}"),
    ("POST", "/rosters/{roster_id}/overrides"),
    ("DELETE", "/rosters/{roster_id}/overrides/{override_id}"),
    ("PUT", "/channels/{channel_id}"),
    ("DELETE", "/channels/{channel_id}"),
    ("POST", "/channels/{channel_id}/test"),
    ("POST", "/appeals/{number}/decide"),
    ("POST", "/penalties"),
    ("POST", "/penalties/{number}/publish"),
    ("POST", "/penalties/{number}/repair/decide"),
    ("PUT", "/duties/{duty}"),
    ("DELETE", "/duties/{duty}"),
}
"""Writes for callers with every school alone: others get 403, which tells them nothing."""

PATH_VALUES: dict[str, Any] = {
    "school": OTHER_CODE,
    "zone": OTHER_MARK,
    "device": OTHER_MARK,
    "number": OTHER,
    "alert_id": OTHER,
    "cafeteria": f"{OTHER_CODE}-c1",
    "inspection": OTHER,
    "sha256": hashlib.sha256(picture(OTHER)).hexdigest(),
    "draft_id": OTHER_MARK,
    "name": f"admin-{OTHER_MARK}",
    "key_id": OTHER,
    "township": f"37082810{OTHER}",
    "scheme": SCHEME,
    "channel_id": OTHER_MARK,
    "policy_id": OTHER_MARK,
    "roster_id": OTHER_MARK,
    "override_id": OTHER,
    "duty": "food-sample",
    "record": OTHER,
    "reference": OTHER_MARK,
}

SPECIAL_PATHS = {
    ("POST", "/alerts/{alert_id}/reopen"): f"/alerts/{10 + OTHER}/reopen",
    ("PUT", "/cafeterias/{cafeteria}/attachments/{sha256}"): (
        f"/cafeterias/{OTHER_CODE}-c1/attachments/{hashlib.sha256(picture(10 + OTHER)).hexdigest()}"
    ),
    ("GET", "/maintenance-windows/{number}"): f"/maintenance-windows/{10 + OTHER}",
    ("DELETE", "/maintenance-windows/{number}"): f"/maintenance-windows/{10 + OTHER}",
    ("POST", "/rectifications/{number}/accept"): f"/rectifications/{10 + OTHER}/accept",
    ("POST", "/rectifications/{number}/return"): f"/rectifications/{10 + OTHER}/return",
    ("POST", "/penalties/{number}/publish"): f"/penalties/{20 + OTHER}/publish",
    ("POST", "/penalties/{number}/repair/decide"): f"/penalties/{10 + OTHER}/repair/decide",
}
"""Where the row must be another one, or in another state."""

QUIET = {"school": OTHER_CODE, "ends_at": "2026-09-02T00:00:00+08:00", "comment": "works at the gate"}

BODIES: dict[tuple[str, str], Any] = {
    # Bytes are sent as they are, everything else as JSON.
    ("PUT", "/schools/{school}"): {"name_zh": "新", "township": f"37082810{OTHER}", "kind": "primary"},
    ("PUT", "/townships/{township}"): {"name_zh": "新", "name_en": "New"},
    ("PUT", "/zones/{school}/{zone}"): {"name": "North gate", "type": "gate"},
    ("PUT", "/devices/{school}/{device}"): {"name": "Camera"},
    ("DELETE", "/devices/{school}/{device}"): None,
    ("POST", "/devices/{school}/{device}/adopt"): None,
    ("POST", "/devices/{school}/adopt"): None,
    ("POST", "/messages/rejected/{number}/replay"): None,
    ("POST", "/alerts/{alert_id}/acknowledge"): {"comment": "on it"},
    ("POST", "/alerts/{alert_id}/assign"): {"assignee": "admin"},
    ("POST", "/alerts/{alert_id}/comment"): {"comment": "seen"},
    ("POST", "/alerts/{alert_id}/close"): {"disposition": "test"},
    ("POST", "/alerts/{alert_id}/reopen"): None,
    ("POST", "/silences"): QUIET,
    ("DELETE", "/silences/{number}"): None,
    ("POST", "/handovers"): {"school": OTHER_CODE, "note": "the gate is being repaired"},
    ("POST", "/handovers/{number}/take"): None,
    ("POST", "/maintenance-windows"): QUIET,
    ("DELETE", "/maintenance-windows/{number}"): None,
    ("PUT", "/cafeterias/{cafeteria}"): {"diners": 300},
    ("POST", "/cafeterias/{cafeteria}/inspections"): {
        "date": "2026-08-30",
        "licence_issued": "2023-01-05",
        "sections": [10, 9, 9, 8.5, 9, 10, 9, 8, None],
        "key_items_failed": 0,
    },
    ("POST", "/rectifications"): {"school": OTHER_CODE, "title": "消防通道堆放杂物"},
    ("POST", "/rectifications/{number}/assign"): {"owner": "admin"},
    ("POST", "/rectifications/{number}/done"): {"photos": ["b" * 64]},
    ("POST", "/rectifications/{number}/accept"): None,
    ("POST", "/rectifications/{number}/return"): {"reason": "still there"},
    ("POST", "/rectifications/{number}/cancel"): {"reason": "the room is closed"},
    ("POST", "/rectifications/{number}/comment"): {"comment": "seen"},
    ("POST", "/appeals"): {"inspection": OTHER, "grounds": "the sign hangs at the main door"},
    ("POST", "/appeals/{number}/decide"): {"decision": "upheld", "answer": "the result stands"},
    ("POST", "/appeals/{number}/withdraw"): None,
    ("POST", "/penalties"): {"cafeteria": f"{OTHER_CODE}-c1", "kind": "fine", "date": "2026-08-01"},
    ("POST", "/penalties/{number}/publish"): {"published_on": "2026-08-03"},
    ("POST", "/penalties/{number}/repair"): {
        "conditions": ["duties_done", "harm_removed", "no_repeat", "not_listed"],
        "statement": "paid and put right",
    },
    ("POST", "/penalties/{number}/repair/decide"): {"decision": "granted", "answer": "all is done"},
    ("PUT", "/cafeterias/{cafeteria}/attachments/{sha256}"): picture(10 + OTHER),
    ("DELETE", "/cafeterias/{cafeteria}/drafts/{draft_id}"): None,
    ("PUT", "/inspection-plan/{cafeteria}"): {"assignee": "admin", "planned_on": "2026-09-03"},
    ("PUT", "/duties/{duty}"): {"enabled": True},
    ("POST", "/duty-records"): {"duty": "fire-patrol", "school": OTHER_CODE, "done_by": "Wang"},
    ("PUT", "/health-certificates/{cafeteria}/{reference}"): {"person": "Wang", "expires_on": "2027-03-01"},
    ("DELETE", "/health-certificates/{cafeteria}/{reference}"): None,
    ("POST", "/users"): {"name": "new", "password": PASSWORD, "role": "viewer", "schools": [OTHER_CODE]},
    ("PUT", "/users/{name}"): {"role": "viewer", "schools": [OTHER_CODE]},
    ("DELETE", "/users/{name}"): None,
    ("POST", "/api-keys"): {"name": "new", "role": "viewer", "schools": [OTHER_CODE]},
    ("DELETE", "/api-keys/{key_id}"): None,
    ("PUT", "/escalations/{policy_id}"): {
        "title": {"zh": "新", "en": "New"},
        "steps": [{"after": "5m", "notify": [{"channel": "desk"}]}],
    },
    ("DELETE", "/escalations/{policy_id}"): None,
    ("PUT", "/rosters/{roster_id}"): {
        "title": {"zh": "新", "en": "New"},
        "timezone": "Asia/Shanghai",
        "members": [{"id": OTHER_MARK, "name": "Wang", "channel": "desk"}],
        "shifts": [{"members": [OTHER_MARK], "starts_on": "2026-08-03", "hand_over_at": "08:00"}],
        "schools": [OTHER_CODE],
    },
    ("DELETE", "/rosters/{roster_id}"): None,
    ("POST", "/rosters/{roster_id}/overrides"): {
        "from": "2026-09-05T08:00:00+08:00",
        "to": "2026-09-06T08:00:00+08:00",
        "member": OTHER_MARK,
    },
    ("DELETE", "/rosters/{roster_id}/overrides/{override_id}"): None,
    ("PUT", "/channels/{channel_id}"): {
        "kind": "webhook",
        "config": {"url": "https://hook.invalid/"},
        "schools": [OTHER_CODE],
    },
    ("DELETE", "/channels/{channel_id}"): None,
    ("POST", "/channels/{channel_id}/test"): None,
}
