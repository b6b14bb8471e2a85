"""One measurement's world: a fresh database and broker, the service as a process, and a way to load it."""

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import msgspec

from tests import people
from tests.benchmarks import rules_file
from tests.benchmarks.pairs import ADMIN, PAIRS, NewDatabase
from tests.benchmarks.publisher import Publisher, load
from tests.benchmarks.readings import Reading, Watch, read, watching
from tests.benchmarks.sizes import Sizes
from tests.broker import mosquitto_broker
from tests.e2e.service_process import Service, until

TOKEN_SECONDS = "86400"
FOREVER = 7200.0
NO_MORE: Mapping[str, str] = {}

Say = Callable[[str], None]


class Scene:
    """A service that may be started and stopped; it judges by fifty rules."""

    def __init__(
        self, database_url: str, broker_url: str, home: Path, sizes: Sizes, more: Mapping[str, str]
    ) -> None:
        self.database_url, self.broker_url, self.home = database_url, broker_url, home
        self._sizes = sizes
        self.service = Service(
            database_url,
            broker_url,
            home,
            more={
                "CAMPUS_RULES_FILE": str(rules_file.write(home)),
                "CAMPUS_ACCESS_TOKEN_SECONDS": TOKEN_SECONDS,
                **more,
            },
        )

    def start(self) -> None:
        self.service.start()
        self.service.wait_until_ready()

    def stop(self) -> None:
        """As an operator does; the session stays with the broker."""
        assert self.service.end_by(signal.SIGTERM, 60) == 0, self.service.log()[-2000:]

    def load(self, messages: int, rate: int | None = None) -> AbstractContextManager[Publisher]:
        return load(
            self.broker_url, messages, schools=self._sizes.schools, devices=self._sizes.devices, rate=rate
        )

    def read(self) -> Reading:
        return read(self.service.address, self.service.pid)

    def watch(self, every_seconds: float = 1.0) -> AbstractContextManager[Watch]:
        return watching(self.service.address, self.service.pid, every_seconds)

    def until_processed(self, events: int, seconds: float = FOREVER) -> None:
        """Waits until the process that runs has stored and judged so many events since its start."""
        until(lambda: self.read().processed >= events, f"{events} events are processed", seconds)

    @contextmanager
    def api(self) -> Iterator[httpx.Client]:
        """Logged in as the admin."""
        with httpx.Client(base_url=f"{self.service.address}/api/v1", trust_env=False, timeout=60) as api:
            form = {"username": ADMIN, "password": people.PASSWORD}
            token = api.post("/auth/token", data=form).json()["access_token"]
            api.headers["Authorization"] = f"Bearer {token}"
            yield api


class Bench(msgspec.Struct, frozen=True):
    """What a figure's function is given: how long to measure, where, and whom to tell how far it is."""

    pair: str
    sizes: Sizes
    home: Path
    database: NewDatabase
    say: Say
    profile: Path | None = None
    """Where `advance` writes what cProfile saw."""

    @contextmanager
    def scene(self, *, started: bool = True, more: Mapping[str, str] = NO_MORE) -> Iterator[Scene]:
        """A fresh scene, its service running and subscribed unless told otherwise; gone after the block.

        `more` are further environment variables of the service.
        """
        home = Path(tempfile.mkdtemp(prefix="scene-", dir=self.home))
        with mosquitto_broker() as broker_url:
            scene = Scene(self.database(home), broker_url, home, self.sizes, more)
            try:
                if started:
                    scene.start()
                yield scene
            finally:
                scene.service.end()
                shutil.rmtree(home, ignore_errors=True)


@contextmanager
def open_bench(pair: str, sizes: Sizes, say: Say) -> Iterator[Bench]:
    """On the disk, where an operator's database is, and not in memory."""
    with (
        tempfile.TemporaryDirectory(prefix="campus-bench-") as home,
        PAIRS[pair](Path(home), sizes.schools) as new,
    ):
        yield Bench(pair, sizes, Path(home), new, say)
