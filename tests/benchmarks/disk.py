"""Bytes on the disk for each event, table by table: with the raw log, and after its retention."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg

from tests.benchmarks.scene import FOREVER, Bench, Scene
from tests.benchmarks.table import Row, at_most, told

LIMIT_BYTES = 400
RAW_LOG = "message"

_PARTS_OF_POSTGRESQL = """
    SELECT coalesce(pg_partition_root(c.oid)::regclass::text, c.relname),
        sum(pg_total_relation_size(c.oid))::bigint
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname = 'public' GROUP BY 1
"""
_PARTS_OF_SQLITE = """
    SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY 1
"""


def tables(url: str) -> dict[str, int]:
    """Bytes of each table with its indexes; the partitions of one count as one. SQLite: in all files."""
    if url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            return {str(name): int(size) for name, size in connection.execute(_PARTS_OF_POSTGRESQL)}
    found: dict[str, int] = {}
    for path in sorted(Path(url.removeprefix("sqlite:///")).parent.glob("*.db")):
        with closing(sqlite3.connect(path)) as opened:
            for name, size in opened.execute(_PARTS_OF_SQLITE):
                found[name] = found.get(name, 0) + size
    return found


def measure(bench: Bench) -> list[Row]:
    count = bench.sizes.disk_messages
    with bench.scene() as scene:
        before = tables(scene.database_url)
        bench.say(f"{count} messages")
        _store(scene, count)
        after = tables(scene.database_url)
    grown = {name: (size - before.get(name, 0)) / count for name, size in after.items()}
    kept = sum(size for name, size in grown.items() if name != RAW_LOG)
    return [
        *(
            told(f"disk: {name}", size, "bytes/event")
            for name, size in sorted(grown.items(), key=lambda item: -item[1])
            if size >= 1
        ),
        told("disk: all, with the raw log", sum(grown.values()), "bytes/event"),
        at_most("disk: all, after the raw log's retention", kept, "bytes/event", LIMIT_BYTES),
    ]


def _store(scene: Scene, count: int) -> None:
    with scene.load(count) as publisher:
        publisher.finish(FOREVER)
    scene.until_processed(count)
    scene.stop()
