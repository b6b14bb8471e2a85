"""What a process says of itself: not ready before it knows whether it leads, and ready where another does."""

import threading
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from safety_service.runtime import Runtime
from safety_service.services import leases
from safety_service.settings import Settings
from safety_service.store import partitions
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import session_scope
from tests.postgres import free_port


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Of a service whose broker cannot be reached."""
    return settings.model_copy(update={"broker_url": f"mqtt://127.0.0.1:{free_port()}"})


def test_before_its_first_look_at_the_lease_it_is_not_ready(settings: Settings, two_schools: Engine) -> None:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        partitions.ensure(session, "county")
    runtime = Runtime(settings, two_schools, pipeline=True)
    vitals = runtime.vitals(datetime.now(UTC))
    runtime.start()
    runtime.stop()
    assert vitals.parts["pipeline"] == "starting"
    assert not vitals.ready


def test_where_another_leads_it_stands_by_and_is_ready(settings: Settings, two_schools: Engine) -> None:
    with session_scope(two_schools, EVERY_SCHOOL, write=True) as session:
        partitions.ensure(session, "county")
    holder = leases.Candidate(two_schools, "county", settings.lease_seconds)
    fence = holder.try_to_claim(datetime.now(UTC), time.monotonic())
    assert fence is not None
    runtime = Runtime(settings, two_schools, pipeline=True)
    runtime.start()
    try:
        deadline = time.monotonic() + 30
        while runtime.vitals(datetime.now(UTC)).parts["pipeline"] != "standby":
            assert time.monotonic() < deadline
            leases.renew(two_schools, "county", fence, datetime.now(UTC))
            threading.Event().wait(0.1)
        assert runtime.vitals(datetime.now(UTC)).ready
    finally:
        runtime.stop()
