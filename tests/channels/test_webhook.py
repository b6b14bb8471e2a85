"""The webhook on the wire: signed as the specification says, patient with nobody, led nowhere private."""

import base64
import hashlib
import hmac
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import ValidationError

from safety_service.channels import webhook
from safety_service.channels.http import GuardedTransport, open_client
from safety_service.channels.targets import TargetRefusedError, is_public, refuse_private_host
from safety_service.channels.webhook import WebhookConfig
from safety_service.domain.delivery import Notice, Reply
from tests.receivers import Got, Says, receiver

NOW = datetime(2026, 9, 1, 8, 0, 0, 500_000, tzinfo=UTC)
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOTICE = Notice(id="42", type="alert.raised", timestamp=NOW, data={"title": {"zh": "烟雾", "en": "Smoke"}})


def send(url: str, client: httpx.Client | None = None) -> Reply:
    with client or open_client(private_targets=True) as opened:
        return webhook.send(WebhookConfig(url=url, secret=SECRET), NOTICE, opened, NOW)


def test_a_signature_from_the_specification() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signed = webhook.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_the_receiver_gets_verifies() -> None:
    with receiver() as there:
        reply = send(there.url)
    assert (reply.verdict, reply.answer) == ("accepted", "HTTP 200\nok")
    (got,) = there.got
    assert got.path == "/hooks/campus?token=hidden"
    assert got.headers["content-type"] == "application/json"
    assert (got.headers["webhook-id"], got.headers["webhook-timestamp"]) == ("42", str(int(NOW.timestamp())))
    signed = f"42.{int(NOW.timestamp())}.".encode() + got.body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert got.message == {
        "type": "alert.raised",
        "timestamp": "2026-09-01T08:00:00.500000Z",
        "data": {"title": {"zh": "烟雾", "en": "Smoke"}},
    }


def test_a_connection_is_used_again() -> None:
    with receiver() as there, open_client(private_targets=True) as client:
        for _ in range(3):
            webhook.send(WebhookConfig(url=there.url, secret=SECRET), NOTICE, client, NOW)
        assert len(there.got) == 3
        assert len(there.connections) == 1


def test_no_redirect_is_followed() -> None:
    with receiver() as inner:
        with receiver(lambda got: Says(307, headers={"location": inner.url})) as there:
            assert send(there.url).verdict == "failed"
        assert inner.got == []


def test_a_long_answer_is_cut() -> None:
    with receiver(lambda got: Says(500, b"\x00\xff" + b"x" * 1_000_000)) as there:
        reply = send(there.url)
    assert reply.verdict == "retry"
    assert len(reply.answer) == 2000
    assert "\x00" not in reply.answer


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        reply = send(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert reply.verdict == "retry"
    assert "refused" in reply.answer


@contextmanager
def raw_server(drip: bytes) -> Iterator[str]:
    """Answers every connection with one byte a little while after the other, and never comes to an end."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            for number in range(1000):
                if over.wait(0.05):
                    return
                connection.sendall(drip[number % len(drip) : number % len(drip) + 1])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        over.set()
        thread.join(5)
        listener.close()


@pytest.mark.parametrize(
    "drip", [b"HTTP/1.1 200 OK\r\nx: " + b"a" * 900, b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 900]
)
def test_a_receiver_that_drips_is_left_in_time(drip: bytes) -> None:
    transport = GuardedTransport(private_targets=True, total_seconds=0.4)
    with raw_server(drip) as url:
        reply = send(url, httpx.Client(transport=transport, timeout=5))
    assert reply.verdict == "retry"
    assert "in time" in reply.answer


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0"])
def test_this_machine_is_refused(host: str) -> None:
    with receiver() as there:
        reply = send(f"http://{host}:{there.port}/", open_client(private_targets=False))
        assert reply.verdict == "failed"
        assert "not a public address" in reply.answer
        assert there.got == []


def test_one_private_address_condemns_a_name() -> None:
    asked = []

    def find(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["203.0.114.7", "10.0.0.8"]

    reply = send("http://hook.example/", open_client(private_targets=False, find=find))
    assert (reply.verdict, asked) == ("failed", ["hook.example"])
    assert "hook.example is at 10.0.0.8" in reply.answer


def test_the_connection_goes_to_the_very_address_that_was_checked() -> None:
    answers = iter([["127.0.0.1"]])
    with receiver() as there:
        client = open_client(private_targets=True, find=lambda host, port: next(answers))
        assert send(f"http://hook.example:{there.port}/", client).verdict == "accepted"
    assert there.got[0].headers["host"] == f"hook.example:{there.port}"


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with receiver() as there:
        client = open_client(private_targets=True, find=lambda host, port: ["127.0.0.2", "127.0.0.1"])
        assert send(f"http://hook.example:{there.port}/", client).verdict == "accepted"


def test_a_name_without_an_address_is_tried_again() -> None:
    def find(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    reply = send("http://hook.example/", open_client(private_targets=False, find=find))
    assert reply.verdict == "retry"
    assert "cannot be resolved" in reply.answer


def test_https_is_not_given_up_for_a_plain_server() -> None:
    with receiver() as there:
        reply = send(there.url.replace("http:", "https:"))
    assert reply.verdict == "retry"
    assert there.got == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("127.9.9.9", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "::1", "192.168.0.3"]
)
def test_a_private_host_is_refused_as_it_is_written(host: str) -> None:
    with pytest.raises(TargetRefusedError):
        refuse_private_host(host)
    refuse_private_host("hooks.example.org")


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("ftp://example.org/", SECRET),
        ("example.org", SECRET),
        ("https://", SECRET),
        ("https://[", SECRET),
        ("https://me:pass@example.org/", SECRET),
        ("https://example.org/", "whsec_"),
        ("https://example.org/", KEY.hex()),
        ("https://example.org/", "whsec_" + "A" * 28),
        ("https://example.org/", "whsec_" + "A" * 100),
        ("https://example.org/", "whsec_not base64 at all, is it?"),
    ],
)
def test_a_config_that_cannot_work_is_refused_without_its_secret(url: str, secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        WebhookConfig(url=url, secret=secret)
    assert "not base64 at all" not in str(refused.value)
    assert KEY.hex() not in str(refused.value)


def test_neither_secret_nor_path_is_shown_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    with receiver() as there, caplog.at_level(logging.WARNING):
        config = WebhookConfig(url=there.url, secret=SECRET)
        assert webhook.shown(config) == {"url": f"http://127.0.0.1:{there.port}/…", "secret": "whsec_…"}
        assert "hidden" not in repr(config)
        assert SECRET not in repr(config)
        send(there.url)
    assert "hidden" not in caplog.text


def test_a_receiver_sees_only_what_it_is_sent() -> None:
    seen: list[Got] = []

    def answer(got: Got) -> Says:
        seen.append(got)
        return Says()

    with receiver(answer) as there:
        send(there.url)
    assert "cookie" not in seen[0].headers
    assert "authorization" not in seen[0].headers
