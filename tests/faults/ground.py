"""What all runs of the bench share: prepared databases to copy, a PostgreSQL cluster, a webhook receiver."""

import secrets
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from device_simulator.county import build_county
from device_simulator.registry_csv import write_registry
from safety_service.services import channels, people, registry_csv
from safety_service.settings import Settings
from safety_service.store import audit, migrations
from safety_service.store.scope import EVERY_SCHOOL
from safety_service.store.session import open_engine, session_scope
from tests import postgres
from tests.faults.hook import Hook
from tests.faults.load import SCHOOLS
from tests.postgres import Cluster

PAIRS = {"sqlite": "sqlite+embedded", "postgresql": "postgresql+mosquitto"}
"""The database of each pair, and its full name with the broker."""
_TEMPLATE = "faults_template"
_names = count(1)


class Ground:
    """`hooks`: a receiver for each pair, so that runs on different pairs may go on side by side.

    `keys`: an API key for each pair. Without a cluster there are no runs on PostgreSQL.
    """

    def __init__(self, home: Path, hooks: dict[str, Hook], cluster: Cluster | None) -> None:
        self.home = home
        self.hooks = hooks
        self.cluster = cluster
        self.keys: dict[str, str] = {}
        self._sqlite = home / "template.db"
        write_registry(build_county(SCHOOLS, 1), home)
        self.keys["sqlite"] = self._prepare(f"sqlite:///{self._sqlite}", hooks["sqlite"])
        if cluster is not None:
            postgres.execute(cluster.server, f"CREATE DATABASE {_TEMPLATE}")
            self.keys["postgresql"] = self._prepare(f"{cluster.server}/{_TEMPLATE}", hooks["postgresql"])

    @contextmanager
    def database(self, pair: str, directory: Path, *, inside: bool) -> Iterator[str]:
        """The URL of a fresh database, gone afterwards; its files are `inside` the directory if that is told.

        A SQLite file is always in the directory.
        """
        if pair == "sqlite":
            shutil.copy(self._sqlite, directory / "campus.db")
            yield f"sqlite:///{directory / 'campus.db'}"
            return
        assert self.cluster is not None
        server, name = self.cluster.server, f"faults_{next(_names)}"
        with ExitStack() as undo:
            space = ""
            if inside:
                self.cluster.give(directory)
                postgres.execute(server, f"CREATE TABLESPACE {name} LOCATION '{directory}'")
                undo.callback(postgres.execute, server, f"DROP TABLESPACE {name}")
                space = f" TABLESPACE {name}"
            postgres.execute(server, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}{space}")
            undo.callback(postgres.execute, server, f"DROP DATABASE {name} WITH (FORCE)")
            yield f"{server}/{name}"

    def _prepare(self, url: str, hook: Hook) -> str:
        """Schema, schools, a channel to the hook; returns an API key that may read everything."""
        engine = open_engine(url)
        migrations.upgrade(engine)
        now = datetime.now(UTC)
        settings = Settings(_env_file=None, data_dir=self.home)
        outcome = registry_csv.import_schools(
            engine, settings, self.home / "schools.csv", now, lambda n: None
        )
        assert (outcome.added, outcome.refused) == (SCHOOLS, [])
        secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
        wanted = channels.ChannelSettings(kind="webhook", config={"url": hook.url, "secret": secret})
        with session_scope(engine, EVERY_SCHOOL, write=True) as session:
            audit.act_as(session, audit.Actor("the fault bench"))
            channels.put(session, "bench", wanted, private_targets=True, now=now)
            grant = people.Grant(role="admin", schools=frozenset(), all_schools=True)
            _row, key = people.create_key(session, "bench", grant, now=now)
        engine.dispose()
        return key


@contextmanager
def prepared(pairs: set[str]) -> Iterator[Ground]:
    """The ground for runs on these pairs, all of it gone afterwards."""
    with ExitStack() as undo:
        home = Path(tempfile.mkdtemp(prefix="campus-faults-"))
        undo.callback(shutil.rmtree, home, ignore_errors=True)
        # PostgreSQL's own account must be able to pass through.
        home.chmod(0o755)
        hooks = {pair: Hook() for pair in PAIRS}
        for hook in hooks.values():
            undo.callback(hook.close)
        cluster = undo.enter_context(postgres.cluster(durable=True)) if "postgresql" in pairs else None
        yield Ground(home, hooks, cluster)
