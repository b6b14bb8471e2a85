"""Counts failed logins in bounded memory: few for one name from one address, more for one address."""

from collections import OrderedDict
from datetime import datetime
from threading import Lock

from safety_service.domain.errors import TooMany

WINDOW_SECONDS = 900
FAILURES_OF_NAME = 5
FAILURES_OF_ADDRESS = 50
REMEMBERED = 20_000

_Place = tuple[str, str | None]


class LoginThrottle:
    """Refuses attempts for a while, by name and address together: nobody can lock others out."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures: OrderedDict[_Place, list[float]] = OrderedDict()

    def check(self, name: str, address: str | None, now: datetime) -> None:
        """Raises TooMany while the limit for this name and address, or for this address, is reached."""
        moment = now.timestamp()
        with self._lock:
            for place, limit in _places(name, address):
                recent = [t for t in self._failures.get(place, ()) if t > moment - WINDOW_SECONDS]
                if len(recent) >= limit:
                    wait = int(recent[-limit] + WINDOW_SECONDS - moment) + 1
                    raise TooMany(
                        f"too many failed logins; try again in {wait} seconds", slug="login-throttled"
                    )

    def failed(self, name: str, address: str | None, now: datetime) -> None:
        moment = now.timestamp()
        with self._lock:
            for place, limit in _places(name, address):
                times = self._failures.pop(place, [])
                self._failures[place] = [*times[-limit + 1 :], moment]
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str | None) -> None:
        """Forgets the failures of this name from this address, never those of the address as a whole."""
        with self._lock:
            self._failures.pop((f"name:{name[:200]}", address), None)


def _places(name: str, address: str | None) -> list[tuple[_Place, int]]:
    return [
        ((f"name:{name[:200]}", address), FAILURES_OF_NAME),
        (("address", address), FAILURES_OF_ADDRESS),
    ]
