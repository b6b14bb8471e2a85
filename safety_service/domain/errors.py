"""Every error that a caller may see, with the HTTP status and the stable problem type it carries.

SafetyError (500)
├── Refused (422)            what was sent cannot be accepted; `place` says where, `reason` why
├── NotAuthenticated (401)   no valid credential
├── Forbidden (403)          a valid credential without this right
├── NotFound (404)           no such row, or not in the caller's schools (never told apart)
├── Conflict (409)           the row is in another state, or a key is taken
├── TooLarge (413)           a body beyond the limit
├── TooMany (429)            too many attempts; wait
└── Unavailable (503)        a part the service needs is away; try again
    └── Superseded (503)     another process works on this partition now; this one may write no more
"""


class SafetyError(Exception):
    """Base of all errors with a sentence for the person who caused them."""

    status = 500
    slug = "internal-error"

    def __init__(self, reason: str, *, place: str | None = None, slug: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
        if slug is not None:
            self.slug = slug

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}" if self.place else self.reason


class Refused(SafetyError):
    """Input that breaks a rule; `problems` lists every (place, reason) where more than one was found."""

    status = 422
    slug = "refused"

    def __init__(
        self,
        reason: str,
        *,
        place: str | None = None,
        slug: str | None = None,
        problems: list[tuple[str, str]] | None = None,
    ) -> None:
        super().__init__(reason, place=place, slug=slug)
        self.problems = problems or ([(place, reason)] if place else [])


class NotAuthenticated(SafetyError):
    status = 401
    slug = "not-authenticated"


class Forbidden(SafetyError):
    status = 403
    slug = "forbidden"


class NotFound(SafetyError):
    status = 404
    slug = "not-found"


class Conflict(SafetyError):
    status = 409
    slug = "conflict"


class TooLarge(SafetyError):
    status = 413
    slug = "too-large"


class TooMany(SafetyError):
    status = 429
    slug = "too-many-attempts"


class Unavailable(SafetyError):
    status = 503
    slug = "unavailable"


class Superseded(Unavailable):
    slug = "superseded"
