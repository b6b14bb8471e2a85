"""`demo`: a whole county on one machine, with embedded broker, SQLite, simulator and sample accounts."""

import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import iotcore
import typer
from pydantic import SecretStr
from sqlalchemy import Engine

from safety_service import logs
from safety_service.commands.errors import one_line_errors
from safety_service.domain.errors import SafetyError
from safety_service.domain.rights import ROLES
from safety_service.main import create_app
from safety_service.runtime import Runtime, prepare
from safety_service.server import bind, end_like_ctrl_c, run
from safety_service.services import people, registry_csv
from safety_service.settings import Settings
from safety_service.store import migrations
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope

LOCAL = "127.0.0.1"
SCHOOLS_OF_SMALL_ROLES = 3
LARGEST_MQTT_PAYLOAD = 8 << 20
"""More than the service accepts: what is too large shall be refused where an operator sees it."""


def register(app: typer.Typer) -> None:
    @app.command("demo")
    @one_line_errors
    def demo(
        schools: Annotated[int, typer.Option(min=1, max=999, help="Schools of the simulated county")] = 24,
        speed: Annotated[float, typer.Option(min=0.01, max=10_000, help="Simulated seconds a second")] = 1.0,
        port: Annotated[int, typer.Option(min=0, max=65535, help="HTTP port; 0 takes a free one")] = 8000,
        data_dir: Annotated[
            Path | None, typer.Option(help="Keep the data here; without it they go with the demo")
        ] = None,
        seed: Annotated[int, typer.Option(help="The same seed gives the same county")] = 1,
    ) -> None:
        """Run everything in one go: broker, service, simulator, sample schools and accounts."""
        end_like_ctrl_c()
        with ExitStack() as stack:
            home = data_dir or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campus-demo-")))
            home.mkdir(parents=True, exist_ok=True)
            listener = stack.enter_context(bind(LOCAL, port))
            broker_url = stack.enter_context(_broker())
            settings = _settings(home, broker_url, listener.getsockname()[1])
            logs.configure(settings.log_level)
            engine = open_engine(settings.resolved_database_url)
            stack.callback(engine.dispose)
            migrations.upgrade(engine)
            prepare(settings, engine)
            _import_county(engine, settings, home, schools, seed)
            logins = _accounts(engine)
            runtime = Runtime(settings, engine, pipeline=True)
            app_ = create_app(settings, engine, runtime=runtime)
            _announce(settings, broker_url, logins)
            stack.enter_context(_simulator(broker_url, schools, seed, speed, home))
            run(app_, listener)


def _settings(home: Path, broker_url: str, port: int) -> Settings:
    # The environment of a real installation must not leak into a demo, least of all its database.
    return Settings(
        _env_file=None,
        database_url=f"sqlite:///{home / 'campus.db'}",
        broker_url=broker_url,
        secret_key=SecretStr(secrets.token_urlsafe(32)),
        http_host=LOCAL,
        http_port=port,
        data_dir=home,
        public_disclosure="all",
        log_level="WARNING",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return int(probe.getsockname()[1])


@contextmanager
def _broker() -> Iterator[str]:
    broker = iotcore.Broker(
        port=free_port(),
        listen=LOCAL,
        max_payload_size=LARGEST_MQTT_PAYLOAD,
        max_inflight_count=5000,
    )
    try:
        broker.start()
    except (OSError, RuntimeError) as error:
        raise SafetyError(f"the embedded broker does not start: {error}") from error
    try:
        yield f"mqtt://{LOCAL}:{broker.port}"
    finally:
        broker.stop()


def _import_county(engine: Engine, settings: Settings, home: Path, schools: int, seed: int) -> None:
    """The simulator's own registry, through the same import that an operator uses."""
    simulator = [sys.executable, "-m", "device_simulator"]
    county = ["county", "--schools", str(schools), "--seed", str(seed), "--out", str(home)]
    subprocess.run([*simulator, *county], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    now = datetime.now(UTC)
    for read, name in (
        (registry_csv.import_schools, "schools.csv"),
        (registry_csv.import_devices, "devices.csv"),
    ):
        outcome = read(engine, settings, home / name, now)
        if outcome.refused:
            raise SafetyError(f"{name}: {outcome.refused[0]}")


def _accounts(engine: Engine) -> list[tuple[str, str]]:
    """One account for each role, named after it, with a new password at every start."""
    logins: list[tuple[str, str]] = []
    now = datetime.now(UTC)
    with session_scope(engine, EVERY_SCHOOL, write=True) as session:
        for role in ROLES:
            password = secrets.token_urlsafe(9)
            people.ensure_sample_account(session, role, password, schools=SCHOOLS_OF_SMALL_ROLES, now=now)
            logins.append((role, password))
    return logins


def _announce(settings: Settings, broker_url: str, logins: list[tuple[str, str]]) -> None:
    address = f"http://{LOCAL}:{settings.http_port}"
    for name, path in (
        ("Screen", "/screen"),
        ("Desk", "/desk"),
        ("Inspect", "/inspect"),
        ("API docs", "/docs"),
    ):
        typer.echo(f"{name} {address}{path}")
    typer.echo(f"Broker {broker_url}")
    for name, password in logins:
        typer.echo(f"Login {name} / {password}")
    typer.echo("Ctrl-C ends it.")
    sys.stdout.flush()


@contextmanager
def _simulator(broker_url: str, schools: int, seed: int, speed: float, home: Path) -> Iterator[None]:
    """The simulator as a process of its own, out of the way of the terminal's Ctrl-C: we end it ourselves."""
    arguments = ["run", "--scenario", "school_day", "--broker", broker_url, "--until-eof"]
    arguments += ["--schools", str(schools), "--seed", str(seed), "--speed", str(speed)]
    with (home / "simulator.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "device_simulator", *arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
