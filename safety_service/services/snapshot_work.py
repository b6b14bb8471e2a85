"""What is done about images beside the pipeline: fetched, moved to their store, and removed in time."""

from datetime import datetime

from sqlalchemy import Engine

from safety_service.blobs import SpooledBlobs
from safety_service.services import snapshot_retention
from safety_service.services.snapshot_fetching import Fetcher, open_client
from safety_service.services.snapshots import Album
from safety_service.settings import Settings


class SnapshotWork:
    """Of one process; end it with `close`."""

    def __init__(self, engine: Engine, settings: Settings, album: Album) -> None:
        self._engine = engine
        self._settings = settings
        self._album = album
        self._fetcher = Fetcher(engine, album, open_client(settings.snapshot_networks))

    def close(self) -> None:
        """Waits for what is being fetched."""
        self._fetcher.close()

    def fetch(self, now: datetime) -> None:
        """Begins what is due, one process for all."""
        self._fetcher.step(now)

    def forward(self) -> bool:
        """Moves what this machine has kept into the store behind it, if there is one; False: all of it."""
        if isinstance(self._album.blobs, SpooledBlobs):
            self._album.blobs.forward()
        return False

    def prune(self, now: datetime) -> None:
        """Once a night."""
        snapshot_retention.prune(self._engine, self._album.blobs, self._settings, now)
