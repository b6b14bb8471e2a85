"""No secret reaches the log, whoever logs it."""

import pytest

from safety_service.logs import hide_secrets


@pytest.mark.parametrize(
    "name", ["password", "new_password", "access_token", "X_API_KEY", "Cookie", "secret_key"]
)
def test_fields_named_like_secrets_are_hidden(name: str) -> None:
    assert hide_secrets(None, "info", {"event": "login", name: "hunter2"}) == {"event": "login", name: "***"}


def test_other_fields_stay() -> None:
    event = {"event": "request", "path": "/api/v1/alerts", "status": 200}
    assert hide_secrets(None, "info", dict(event)) == event
