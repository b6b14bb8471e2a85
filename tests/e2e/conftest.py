"""The two pairs of database and broker that everything must run on."""

from collections.abc import Iterator

import pytest

from tests.e2e.service_process import embedded_broker


@pytest.fixture(params=["sqlite+embedded", "postgresql+mosquitto"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """(database URL, broker URL) of the quick start and of production."""
    if request.param == "sqlite+embedded":
        with embedded_broker() as broker_url:
            yield request.getfixturevalue("sqlite_url"), broker_url
    else:
        yield request.getfixturevalue("postgresql_url"), request.getfixturevalue("mosquitto")
