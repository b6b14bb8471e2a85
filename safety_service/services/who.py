"""Under which names a person appears in what others wrote down."""

from sqlmodel import Session

from safety_service.store import users


def names_of(session: Session, name: str) -> frozenset[str]:
    """The account's name and the name that people know it by; a machine has only its own."""
    user = users.find(session, name)
    return frozenset({name, user.display_name} if user is not None else {name})
