"""Mail over SMTP: one plain text for all recipients, its Message-ID the same over all attempts."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from safety_service.channels.addresses import MASK, OptionalSecret
from safety_service.channels.http import CONNECT_SECONDS, TOTAL_SECONDS, GuardedClient
from safety_service.channels.kind import Kind
from safety_service.channels.targets import TargetRefusedError
from safety_service.domain.delivery import Notice, Reply, Verdict, kept
from safety_service.domain.messages import Language, Text, text_of

_PLAIN = SMTP.clone(cte_type="7bit")
"""Any server takes it, also one that knows no 8BITMIME."""


def _mail_address(value: str) -> str:
    name, at, domain = value.rpartition("@")
    odd = not value.isascii() or not value.isprintable() or any(char in ' <>()[],;:"\\' for char in value)
    if odd or not (name and at and domain) or "@" in name:
        raise ValueError("must be a mail address such as duty@example.org")
    return value


MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_mail_address)]


class SmtpConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    host: str = Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$")
    port: int = Field(ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    user: str | None = Field(default=None, min_length=1, max_length=254)
    password: OptionalSecret = None
    sender: MailAddress
    recipients: list[MailAddress] = Field(min_length=1, max_length=100)
    language: Language = "zh"

    @model_validator(mode="after")
    def _both_or_none(self) -> "SmtpConfig":
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together: give both or neither")
        return self


def send(
    config: SmtpConfig,
    notice: Notice,
    client: GuardedClient,
    now: datetime,
    *,
    within_seconds: float = TOTAL_SECONDS,
) -> Reply:
    """One attempt. 4xx, timeouts and broken connections are tried again, 5xx is a refusal for good."""
    content = mail(config, notice, now).as_bytes(policy=_PLAIN)
    try:
        with _session(config, client, within_seconds) as session:
            return _hand_over(session, config, content)
    except TargetRefusedError as error:
        return Reply(verdict="failed", answer=kept(f"not sent: {error}"))
    except smtplib.SMTPResponseException as error:
        return _refusal(error.smtp_code, _words(error.smtp_error))
    except smtplib.SMTPNotSupportedError as error:
        return Reply(verdict="failed", answer=kept(f"the server does not offer what is asked for: {error}"))
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        return Reply(verdict="retry", answer=kept(f"no connection or a broken one: {error}"))


def mail(config: SmtpConfig, notice: Notice, now: datetime) -> EmailMessage:
    """The message: a repeat is known by its Message-ID, and other machines do not answer it."""
    text: Text = text_of(notice, config.language)
    message = EmailMessage(policy=_PLAIN)
    message["From"] = config.sender
    message["To"] = ", ".join(config.recipients)
    message["Subject"] = text.title
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<notification-{notice.id}@{config.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if notice.data.get("severity") == "critical":
        message["Importance"] = "high"
    message.set_content(text.whole + "\n", charset="utf-8")
    return message


class _Session(smtplib.SMTP):
    """Gets its connection from `connect`, which goes to checked addresses only."""

    def __init__(self, connect: Callable[[], socket.socket], host: str, port: int, own_name: str) -> None:
        self._connect_checked = connect
        super().__init__(host, port, local_hostname=own_name, timeout=TOTAL_SECONDS)

    def _get_socket(self, *_asked: object) -> socket.socket:
        return self._connect_checked()


@contextmanager
def _session(config: SmtpConfig, client: GuardedClient, within_seconds: float) -> Iterator[smtplib.SMTP]:
    """A session ready for mail; it ends in time, also where the server drips its answers."""
    plain_socket = client.connect(config.host, config.port, CONNECT_SECONDS)
    plain_socket.settimeout(TOTAL_SECONDS)
    context = ssl.create_default_context()
    opened = [plain_socket]
    deadline = threading.Timer(within_seconds, _shut, args=(opened,))
    deadline.start()
    try:
        if config.security == "tls":
            opened[0] = context.wrap_socket(plain_socket, server_hostname=config.host)
        session = _Session(lambda: opened[0], config.host, config.port, config.sender.rpartition("@")[2])
        if config.security == "starttls":
            session.starttls(context=context)
            opened[0] = session.sock or plain_socket
        session.ehlo_or_helo_if_needed()
        if config.user is not None and config.password is not None:
            session.login(config.user, config.password)
        yield session
        with suppress(smtplib.SMTPException, OSError):
            session.quit()
    finally:
        deadline.cancel()
        opened[0].close()


def _shut(opened: list[socket.socket]) -> None:
    # The plain method: that of a TLS socket would take the session from the thread that reads from it.
    with suppress(OSError):
        socket.socket.shutdown(opened[0], socket.SHUT_RDWR)


def _hand_over(session: smtplib.SMTP, config: SmtpConfig, content: bytes) -> Reply:
    """Envelope and message. Where one recipient is refused for now, all are tried again."""
    code, said = session.mail(config.sender)
    if code != 250:
        return _refusal(code, _words(said))
    refused: dict[str, tuple[int, str]] = {}
    for recipient in config.recipients:
        code, said = session.rcpt(recipient)
        if code not in {250, 251}:
            refused[recipient] = (code, _words(said))
    told = [f"{name}: {code} {words}" for name, (code, words) in refused.items()]
    if any(code < 500 for code, _ in refused.values()):
        return Reply(verdict="retry", answer=kept("; ".join(told)))
    if len(refused) == len(config.recipients):
        return Reply(verdict="failed", answer=kept("; ".join(told)))
    code, said = session.data(content)
    if code != 250:
        return _refusal(code, _words(said))
    return Reply(verdict="accepted", answer=kept("; ".join([f"{code} {_words(said)}", *told])))


def _refusal(code: int, words: str) -> Reply:
    verdict: Verdict = "failed" if 500 <= code <= 599 else "retry"
    return Reply(verdict=verdict, answer=kept(f"{code} {words}"))


def _words(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said


def shown(config: SmtpConfig) -> dict[str, Any]:
    return config.model_dump() | {"password": None if config.password is None else MASK}


KIND = Kind(config=SmtpConfig, send=send, shown=shown, host=lambda config: config.host)
