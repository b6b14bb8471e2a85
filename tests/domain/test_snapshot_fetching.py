"""Which links are followed, and what becomes of an attempt."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from safety_service.domain.networks import is_allowed
from safety_service.domain.snapshot_fetching import (
    LONGEST_LINK,
    WAITS,
    Miss,
    is_followed,
    judge_media_type,
    judge_status,
    next_attempt,
    redirected,
)

NOW = datetime(2026, 9, 1, tzinfo=UTC)
CAMERAS = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))


@pytest.mark.parametrize(
    ("link", "followed"),
    [
        ("http://nvr.example.org/1.jpg", True),
        ("https://93.184.216.34/1.jpg", True),
        ("http://10.1.7.20/1.jpg", True),
        ("http://admin:12345@10.1.7.20:8080/1.jpg", True),
        ("http://[fd00:1::7]/1.jpg", True),
        ("http://10.2.0.1/1.jpg", False),
        ("http://127.0.0.1/1.jpg", False),
        ("http://localhost:9000/1.jpg", False),
        ("http://[::1]/1.jpg", False),
        ("http://[::ffff:10.2.0.1]/1.jpg", False),
        ("http://[::ffff:10.1.0.1]/1.jpg", True),
        ("http://169.254.169.254/latest/meta-data", False),
        ("ftp://10.1.7.20/1.jpg", False),
        ("http:///1.jpg", False),
        ("http://[10.1.7.20/1.jpg", False),
        ("/api/v1/snapshots/1", False),
        ("http://10.1.7.20/" + "x" * LONGEST_LINK, False),
        ("http://10.1.7.20/" + "图" * (LONGEST_LINK // 3), False),
    ],
)
def test_which_links_are_followed(link: str, followed: bool) -> None:
    assert is_followed(link, CAMERAS) is followed


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "fe80::1", "::1", "0.0.0.0", "224.0.0.1"]
)
def test_by_itself_no_private_address_is_allowed(address: str) -> None:
    assert not is_allowed(address, ())


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/other.jpg", "http://cam.school/other.jpg"),
        ("https://cam.school/1.jpg", "https://cam.school/1.jpg"),
        ("http://cam.school:8080/1.jpg", "http://cam.school:8080/1.jpg"),
        ("http://CAM.school/1.jpg", "http://CAM.school/1.jpg"),
        ("http://127.0.0.1/1.jpg", None),
        ("//other.school/1.jpg", None),
        ("file:///etc/passwd", None),
        ("ftp://cam.school/1.jpg", None),
    ],
)
def test_a_redirect_stays_on_its_host(location: str, target: str | None) -> None:
    assert redirected("http://cam.school/1.jpg", location) == target


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, None),
        (204, "retry"),
        (404, "retry"),
        (503, "retry"),
        (401, "failed"),
        (403, "failed"),
        (410, "failed"),
    ],
)
def test_what_a_status_means(status: int, outcome: str | None) -> None:
    miss = judge_status(status)
    assert (miss.outcome if miss else None) == outcome


@pytest.mark.parametrize(
    ("header", "may_be"),
    [
        (None, True),
        ("", True),
        ("image/jpg", True),
        ("IMAGE/PNG; charset=binary", True),
        ("application/octet-stream", True),
        ("text/html; charset=utf-8", False),
        ("video/mp4", False),
    ],
)
def test_what_a_media_type_may_be(header: str | None, may_be: bool) -> None:
    assert isinstance(judge_media_type(header), Miss) is not may_be


def test_it_is_tried_for_an_hour_with_growing_pauses() -> None:
    made, moment, attempts = NOW, NOW, 0
    pauses = []
    while True:
        attempts += 1
        again = next_attempt(attempts, made, moment)
        if again is None:
            break
        pauses.append((again - moment).total_seconds())
        moment = again
    assert pauses == list(WAITS)
    assert next_attempt(1, made, NOW + timedelta(minutes=59, seconds=58)) is None
