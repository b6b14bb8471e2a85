"""Mail against a real server: what it is told, what its answers mean, what never goes in the clear."""

import logging
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from safety_service.channels import smtp
from safety_service.channels.http import open_client
from safety_service.channels.smtp import SmtpConfig
from safety_service.domain.delivery import Notice, Reply
from tests.mail_servers import MailServer, certificate, mail_server
from tests.notices import NOW, notice, trial

HOST = "mail.test"
PASSWORD = "a-hidden-password"


def config(there: MailServer, **more: Any) -> SmtpConfig:
    fields: dict[str, Any] = {
        "host": HOST,
        "port": there.port,
        "security": "none",
        "sender": "campus@county.example",
        "recipients": ["duty@county.example", "head@county.example"],
    }
    return SmtpConfig(**{**fields, **more})


def send(settings: SmtpConfig, about: Notice | None = None) -> Reply:
    """The name leads to this machine, as a name server would say."""
    with open_client(private_targets=True, find=lambda host, port: ["127.0.0.1"]) as client:
        return smtp.send(settings, about or notice(), client, NOW)


def test_the_mail_arrives_readable_with_the_answer_kept() -> None:
    with mail_server() as there:
        reply = send(config(there))
    assert reply == Reply(verdict="accepted", answer="250 2.0.0 queued as 4Fx")
    assert there.envelopes == [("campus@county.example", ["duty@county.example", "head@county.example"])]
    (mail,) = there.mails
    assert mail["Subject"] == "【二级/橙】宿舍门敞开（发生）"
    assert mail["To"] == "duty@county.example, head@county.example"
    assert mail["From"] == "campus@county.example"
    assert mail["Date"] == "Tue, 01 Sep 2026 08:00:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert "学校：第一小学\r\n区域：三号宿舍楼" in mail.get_content()
    assert there.contents[0].isascii()
    assert all(len(line) <= 998 for line in there.contents[0].split(b"\r\n"))
    assert there.commands[-1].upper() == "QUIT"


def test_the_message_id_is_the_same_over_all_attempts() -> None:
    with mail_server({"the message": "451 later"}) as there:
        for _ in range(2):
            send(config(there))
        send(config(there), notice(number=43))
    ids = [mail["Message-ID"] for mail in there.mails]
    assert ids == ["<notification-42@county.example>"] * 2 + ["<notification-43@county.example>"]


def test_critical_mail_is_marked_and_a_test_goes_the_same_way() -> None:
    with mail_server() as there:
        send(config(there), notice(severity="critical"))
        assert send(config(there), trial()).verdict == "accepted"
    assert [mail["Importance"] for mail in there.mails] == ["high", None]
    assert there.mails[1]["Subject"] == "测试消息：通道可用"


@pytest.mark.parametrize(
    ("answers", "verdict", "answer"),
    [
        ({"": "421 too busy"}, "retry", "421 too busy"),
        ({"": "554 go away"}, "failed", "554 go away"),
        ({"MAIL": "451 later"}, "retry", "451 later"),
        ({"MAIL": "550 no such sender"}, "failed", "550 no such sender"),
        ({"RCPT": "450 greylisted"}, "retry", "450 greylisted"),
        ({"RCPT": "550 unknown"}, "failed", "550 unknown"),
        ({"DATA": "452 full"}, "retry", "452 full"),
        ({"DATA": "554 no"}, "failed", "554 no"),
        ({"the message": "451 later"}, "retry", "451 later"),
        ({"the message": "552 too large"}, "failed", "552 too large"),
        ({"MAIL": "hang up"}, "retry", "broken"),
        ({"EHLO": "502 what", "HELO": "502 what"}, "failed", "502 what"),
    ],
)
def test_the_code_decides(answers: dict[str, str], verdict: str, answer: str) -> None:
    with mail_server(answers) as there:
        reply = send(config(there))
    assert reply.verdict == verdict
    assert answer in reply.answer


def test_one_unknown_recipient_does_not_cost_the_other_the_mail() -> None:
    with mail_server({"rcpt TO:<duty@county.example>": "550 unknown"}) as there:
        reply = send(config(there))
    assert reply.verdict == "accepted"
    assert reply.answer == "250 2.0.0 queued as 4Fx; duty@county.example: 550 unknown"
    assert there.envelopes[0][1] == ["head@county.example"]


def test_one_recipient_refused_for_now_has_all_tried_again() -> None:
    with mail_server({"rcpt TO:<duty@county.example>": "450 later"}) as there:
        assert send(config(there)).verdict == "retry"
    assert there.contents == []


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("pem"), HOST)


@pytest.fixture
def context(pem: Path) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(pem)
    return found


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_secured_session_logs_in_behind_the_encryption(
    security: str, context: ssl.SSLContext, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with mail_server(context=context, tls=security == "tls") as there:
        reply = send(config(there, security=security, user="campus", password=PASSWORD))
    assert (reply.verdict, there.encrypted) == ("accepted", [True])
    assert there.logins == [f"\0campus\0{PASSWORD}"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_gets_no_password(
    security: str, context: ssl.SSLContext
) -> None:
    with mail_server(context=context, tls=security == "tls") as there:
        reply = send(config(there, security=security, user="campus", password=PASSWORD))
    assert reply.verdict == "retry"
    assert "certificate" in reply.answer
    assert (there.logins, there.contents) == ([], [])


def test_nothing_goes_in_the_clear_where_starttls_is_asked_for() -> None:
    with mail_server() as there:
        reply = send(config(there, security="starttls", user="campus", password=PASSWORD))
    assert reply.verdict == "failed"
    assert "STARTTLS" in reply.answer
    assert (there.logins, there.contents) == ([], [])


def test_a_wrong_password_fails_for_good_and_is_told_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with mail_server({"AUTH": "535 wrong"}) as there, caplog.at_level(logging.DEBUG):
        settings = config(there, user="campus", password=PASSWORD)
        reply = send(settings)
    assert (reply.verdict, reply.answer) == ("failed", "535 wrong")
    assert smtp.shown(settings)["password"] == "…"
    assert PASSWORD not in repr(settings) + caplog.text + reply.answer


def test_a_private_server_is_refused_where_those_are_not_allowed() -> None:
    with mail_server() as there, open_client(private_targets=False) as client:
        reply = smtp.send(config(there, host="127.0.0.1"), notice(), client, NOW)
    assert reply.verdict == "failed"
    assert "not a public address" in reply.answer
    assert there.commands == []


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = MailServer()
        server.port = taken.getsockname()[1]
        reply = send(config(server))
    assert reply.verdict == "retry"
    assert "refused" in reply.answer


def test_a_server_that_drips_is_left_in_time() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            while not over.wait(0.02):
                try:
                    connection.sendall(b"220-")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    server = MailServer()
    server.port = listener.getsockname()[1]
    with open_client(private_targets=True, find=lambda host, port: ["127.0.0.1"]) as client:
        reply = smtp.send(config(server), notice(), client, NOW, within_seconds=0.3)
    over.set()
    thread.join(5)
    listener.close()
    assert reply.verdict == "retry"


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "nobody"},
        {"sender": "a@b\r\nBcc: c@d"},
        {"recipients": []},
        {"recipients": ["a@b@c"]},
        {"recipients": ["值班@county.example"]},
        {"port": 0},
        {"host": "mail test"},
        {"user": "campus"},
        {"security": "maybe"},
        {"user": "campus", "password": "…"},
    ],
)
def test_a_config_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(MailServer(), **wrong)
