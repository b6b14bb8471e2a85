"""How schools are divided among pipelines: one partition for a county, or several that name their schools."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from safety_service.domain.errors import Conflict, Refused
from safety_service.store import audit, counters, devices, partitions
from safety_service.store.tables_partition import Partition


def prepare(session: Session) -> None:
    """Makes the county's partition where the schools have not been divided."""
    if not partitions.every(session):
        partitions.ensure(session, partitions.COUNTY_PARTITION)


def find(session: Session, name: str) -> Partition:
    """The partition of that name; Refused with what there is."""
    row = partitions.read(session, name)
    if row is None:
        known = ", ".join(each.name for each in partitions.every(session))
        raise Refused(f"there is no partition {name!r}; there are: {known}", place="partition")
    return row


def create(session: Session, name: str, schools: Sequence[str], now: datetime) -> Partition:
    """A partition of these schools.

    Before the first message only: what the broker keeps for the undivided county would be lost with it.
    Raises Refused for schools that do not exist or belong to another partition, Conflict after messages came.
    """
    _check(session, name, schools)
    undivided = partitions.read(session)
    if undivided is not None:
        if counters.current(session, counters.message_log(undivided.id)):
            raise Conflict("the county has received messages already and cannot be divided any more")
        partitions.remove(session, undivided)
    partitions.ensure(session, name, schools)
    audit.record(session, "partition.create", "partition", name, now=now)
    return find(session, name)


def _check(session: Session, name: str, schools: Sequence[str]) -> None:
    problems = []
    if not (name.isascii() and name.replace("-", "").isalnum()) or name == partitions.COUNTY_PARTITION:
        problems.append(("name", "letters, digits and hyphens; not the name of the undivided county"))
    if partitions.read(session, name) is not None:
        problems.append(("name", f"there is a partition {name} already"))
    if not schools:
        problems.append(("school", "name at least one"))
    known = devices.school_codes(session)
    owners = {code: row.name for row in partitions.every(session) for code in row.schools}
    for code in schools:
        if code not in known:
            problems.append(("school", f"no school has the code {code!r}"))
        elif code in owners:
            problems.append(("school", f"{code} belongs to the partition {owners[code]}"))
    if problems:
        raise Refused("the partition cannot be made", problems=problems)
