"""The scene of one run: the processes of the service, its broker and database, and who watches them."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
from sqlalchemy import Engine

from safety_service.store.session import open_engine
from tests import broker
from tests.broker import Broker
from tests.e2e.service_process import Service, until
from tests.faults import clock, disk
from tests.faults.ground import Ground
from tests.faults.plan import Fault, Plan
from tests.faults.proxy import Proxy

_RULES = Path(__file__).with_name("rules.yaml")


class Scene:
    """Everything of one run. `kills`: when (monotonic) a process of the service was killed, in order."""

    def __init__(self, ground: Ground, name: str, fault: Fault, pair: str, plan: Plan, home: Path) -> None:
        self.ground = ground
        self.hook = ground.hooks[pair]
        self.fault = fault
        self.pair = pair
        self.plan = plan
        self.home = home
        self.chance = plan.chance(name)
        self.harms = 0
        self.kills: list[float] = []
        self.wrong: list[str] = []
        self.proxies: dict[str, Proxy] = {}
        self.services: list[Service] = []
        self.broker: Broker
        self.engine: Engine
        self.data: Path
        """Where a SQLite database stands, or a PostgreSQL one that was told to."""

    def pause(self, seconds: float) -> None:
        """Lets the load run on; how long a harm lasts is part of what the bench tries out."""
        threading.Event().wait(seconds)

    def serving(self, role: str) -> list[Service]:
        """The service processes with this role."""
        return [service for service in self.services if role in service.roles]

    def kill(self, service: Service) -> None:
        self.kills.append(time.monotonic())
        service.kill()

    def processes(self) -> list[psutil.Process]:
        return [process for service in list(self.services) for process in service.processes()]

    def wait_until_ready(self) -> None:
        """Until every process is, and one of the pipelines is at work: the others stand by."""
        for service in self.services:
            service.wait_until_ready()
        until(lambda: self.leader() is not None, "a pipeline is at work")

    def leader(self) -> Service | None:
        """The pipeline that holds the lease, as it says itself, and is ready."""
        for service in self.serving("pipeline"):
            if self.gauge(service, "campus_leads") == 1.0 and service.is_ready():
                return service
        return None

    def gauge(self, service: Service, name: str) -> float | None:
        """One figure of the process's /metrics; None where it does not answer or has no such figure."""
        try:
            text = httpx.get(f"{service.address}/metrics", timeout=5, trust_env=False).text
        except httpx.HTTPError:
            return None
        for line in text.splitlines():
            if line.startswith((f"{name} ", f"{name}{{")):
                return float(line.rpartition(" ")[2])
        return None


@contextmanager
def built(ground: Ground, name: str, fault: Fault, pair: str, plan: Plan) -> Iterator[Scene]:
    """The scene with its broker and database running and its services ready; all of it ends afterwards."""
    with ExitStack() as undo:
        home = Path(undo.enter_context(TemporaryDirectory(prefix="run-", dir=ground.home)))
        home.chmod(0o755)
        scene = Scene(ground, name, fault, pair, plan, home)
        scene.hook.forget()
        scene.broker = _broker(pair, home)
        undo.callback(scene.broker.end)
        scene.broker.start()
        database = _database(scene, undo)
        scene.engine = open_engine(database)
        undo.callback(scene.engine.dispose)
        database_url = _through(scene, "database", database, undo)
        broker_url = _through(scene, "broker", scene.broker.url, undo)
        for roles in fault.serves:
            service = Service(database_url, broker_url, home, roles=roles, more=_environment(scene))
            undo.callback(service.end)
            scene.services.append(service)
            service.start()
        scene.wait_until_ready()
        yield scene


def _broker(pair: str, home: Path) -> Broker:
    if pair == "sqlite":
        return broker.embedded()
    state = home / "mosquitto"
    state.mkdir()
    return broker.mosquitto(state)


def _database(scene: Scene, undo: ExitStack) -> str:
    scene.data = scene.home / "data"
    scene.data.mkdir()
    if scene.fault.small_disk:
        undo.enter_context(disk.small(scene.data, scene.plan.events))
    ground, inside = scene.ground, scene.fault.small_disk
    return undo.enter_context(ground.database(scene.pair, scene.data, inside=inside))


def _through(scene: Scene, link: str, url: str, undo: ExitStack) -> str:
    """The URL with a proxy in between, where the fault asks for one."""
    port = httpx.URL(url).port
    if link not in scene.fault.proxied or port is None:
        return url
    proxy = scene.proxies[link] = Proxy(port)
    undo.callback(proxy.close)
    return url.replace(f":{port}", f":{proxy.port}")


def _environment(scene: Scene) -> dict[str, str]:
    more = {
        "CAMPUS_RULES_FILE": str(_RULES),
        "CAMPUS_WEBHOOK_PRIVATE_TARGETS": "true",
        "CAMPUS_DATA_DIR": str(scene.data),
        "CAMPUS_LEASE_SECONDS": "8" if scene.plan.long else "3",
    }
    return more | (clock.environment(scene.home) if scene.fault.false_clock else {})
