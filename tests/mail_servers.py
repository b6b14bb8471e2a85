"""A real SMTP server on 127.0.0.1 that answers as a test wants and remembers what it was given."""

import base64
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any


class MailServer:
    """`answers`: a reply instead of the usual one, by command (`RCPT TO:<a@b>` before `RCPT`).

    `tls`: from the first byte. Where a `context` is there without it, STARTTLS is offered.
    """

    def __init__(
        self,
        answers: dict[str, str] | None = None,
        context: ssl.SSLContext | None = None,
        *,
        tls: bool = False,
    ) -> None:
        self.answers = answers or {}
        self.commands: list[str] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.contents: list[bytes] = []
        self.logins: list[str] = []
        self.encrypted: list[bool] = []
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                connection = self.request
                if tls and context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
                _Talk(server, connection, None if tls else context).hold()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # clients that refuse our certificate hang up in the middle

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=default) for content in self.contents]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Talk:
    """One connection: reads lines, answers them, takes a message after DATA."""

    def __init__(self, server: MailServer, connection: Any, context: ssl.SSLContext | None) -> None:
        self._server = server
        self._connection = connection
        self._context = context
        self._encrypted = isinstance(connection, ssl.SSLSocket)
        self._file = connection.makefile("rb")

    def hold(self) -> None:
        self._say(self._server.answers.get("", "220 mail.test ESMTP"))
        while line := self._file.readline():
            command = line.decode().strip()
            self._server.commands.append(command)
            if not self._answer(command):
                return

    def _answer(self, command: str) -> bool:
        answers, word = self._server.answers, command.partition(" ")[0].upper()
        wanted = answers.get(command) or answers.get(word)
        if wanted == "hang up":
            self._connection.close()
            return False
        if wanted is not None:
            self._say(wanted)
        elif word == "EHLO":
            offers = ["mail.test", "AUTH PLAIN", *(["STARTTLS"] if self._context else [])]
            self._say(
                "\r\n".join(f"250{'-' if i < len(offers) - 1 else ' '}{o}" for i, o in enumerate(offers))
            )
        elif word == "STARTTLS" and self._context is not None:
            self._say("220 go ahead")
            self._connection = self._context.wrap_socket(self._connection, server_side=True)
            self._file, self._context, self._encrypted = self._connection.makefile("rb"), None, True
        elif word == "AUTH":
            self._server.logins.append(base64.b64decode(command.split()[2]).decode())
            self._say("235 welcome")
        elif word == "DATA":
            self._take()
        else:
            self._note(word, command)
        return word != "QUIT"

    def _note(self, word: str, command: str) -> None:
        address = command.partition("<")[2].partition(">")[0]
        if word == "MAIL":
            self._server.envelopes.append((address, []))
        elif word == "RCPT":
            self._server.envelopes[-1][1].append(address)
        self._say("250 ok" if word != "QUIT" else "221 bye")

    def _take(self) -> None:
        self._say("354 go on")
        content = b""
        while (line := self._file.readline()) not in {b".\r\n", b""}:
            content += line.removeprefix(b".")
        self._server.contents.append(content)
        self._server.encrypted.append(self._encrypted)
        self._say(self._server.answers.get("the message", "250 2.0.0 queued as 4Fx"))

    def _say(self, line: str) -> None:
        self._connection.sendall(line.encode() + b"\r\n")


@contextmanager
def mail_server(
    answers: dict[str, str] | None = None, context: ssl.SSLContext | None = None, *, tls: bool = False
) -> Iterator[MailServer]:
    one = MailServer(answers, context, tls=tls)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def certificate(directory: Path, host: str) -> Path:
    """A self-signed certificate for this host, with its key, in one file."""
    path = directory / f"{host}.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-days", "2"),
            *("-keyout", str(path), "-out", str(path.with_suffix(".crt"))),
        ],
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path
