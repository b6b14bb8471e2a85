"""Text that a person sent and every database can keep."""

from safety_service.domain.scoring.numbers import shown

Problems = list[tuple[str, str]]


def read_text(value: object, place: str, longest: int, problems: Problems) -> str | None:
    """The text without outer spaces, None where there is none; what cannot be kept becomes a problem.

    A NUL and half a surrogate pair are valid in JSON and in no database.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        problems.append((place, f'"{shown(value)}" is not a text'))
        return None
    if len(value) > longest:
        problems.append((place, f"has {len(value)} characters, {longest} are allowed"))
        return None
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        problems.append((place, "holds a character that cannot be stored"))
        return None
    return value.strip() or None
