"""Where an alert is, in words for people and for other systems."""

from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Names of the school, zone and device of an alert, empty where there is none.

    `timezone` is the school's, or the county's where the school has none of its own. Degrees as in WGS 84.
    """

    school_zh: str = ""
    school_en: str = ""
    zone: str = ""
    device: str = ""
    timezone: str = "UTC"
    latitude: float | None = None
    longitude: float | None = None

    def local(self, moment: datetime) -> datetime:
        """The moment by the clocks of this place."""
        return moment.astimezone(ZoneInfo(self.timezone))


def desk_link(public_url: str | None, school: str, alert_id: int) -> str | None:
    """Where people handle the alert, beside the others of its school; None unless the service knows its own
    address."""
    if not public_url:
        return None
    return f"{public_url.rstrip('/')}/desk?school={quote(school)}&alert={alert_id}"
