"""Names of people where the law lets us keep little: who it is, for those who know them anyway."""


def masked(name: str) -> str:
    """The first character and a star for each further one, two at most: 王丽 is 王*, Wang Li is W**."""
    plain = name.strip()
    return plain[:1] + "*" * min(len(plain) - 1, 2)
