"""A firing alert as the core would make it, for tests of what happens to alerts afterwards."""

from itertools import count

from safety_service.domain.types import Alert, AlertChange, Transition
from tests.conftest import NOW

_devices = count(1)


def raised(school: str) -> AlertChange:
    """A new critical alert of a device that no other alert has."""
    alert = Alert(
        id=0,
        rule="press",
        rule_version="1",
        key=(school, f"device-{next(_devices)}"),
        school=school,
        kind="panic_button",
        title={"zh": "一键报警", "en": "Panic button"},
        severity="critical",
        condition="firing",
        raised_at=NOW,
        last_seen_at=NOW,
    )
    step = Transition(change="raised", at=NOW, severity="critical", condition="firing")
    return AlertChange(alert=alert, transitions=[step])
