"""Password hashing with Argon2id, at most a few at a time, and the same work whether or not a name exists."""

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from safety_service.domain.errors import Refused

MINIMUM_LENGTH = 10
MAXIMUM_LENGTH = 200

_hasher = PasswordHasher()
# One hash takes 64 MiB: a burst of logins must not take the memory of the machine.
_at_once = BoundedSemaphore(4)


@cache
def _nobody() -> str:
    """Made when it is first needed: most processes never log anybody in."""
    return _hasher.hash("the password of a name that does not exist")


def hash_password(password: str, *, place: str = "password") -> str:
    """The Argon2id hash; raises Refused for a password that is too short, too long or blank."""
    if not password.strip() or len(password) < MINIMUM_LENGTH:
        raise Refused(f"a password has at least {MINIMUM_LENGTH} characters", place=place)
    if len(password) > MAXIMUM_LENGTH:
        raise Refused(f"a password has at most {MAXIMUM_LENGTH} characters", place=place)
    with _at_once:
        return _hasher.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; without a hash the same work is done and the answer is no."""
    with _at_once:
        try:
            fits = _hasher.verify(password_hash or _nobody(), password[:MAXIMUM_LENGTH])
        except (VerificationError, InvalidHashError):
            return False
    return fits and password_hash is not None
