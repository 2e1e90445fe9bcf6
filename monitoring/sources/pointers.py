"""JSON pointers (RFC 6901) into decoded documents."""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

MOST_LEVELS = 64


class Missing(Enum):
    """The result for a pointer that leads nowhere."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


def parse_pointer(text: str) -> tuple[str, ...]:
    """Return the reference tokens of a JSON pointer; none for an empty text, the whole document.

    Raises:
        ValueError: the text is not a pointer, or has more than 64 levels.
    """
    if not text:
        return ()
    if not text.startswith("/"):
        raise ValueError(f"Start a JSON pointer with '/', as in /{text}.")
    tokens = text[1:].split("/")
    if len(tokens) > MOST_LEVELS:
        raise ValueError(f"A JSON pointer has at most {MOST_LEVELS} levels.")
    if any("~" in token.replace("~0", "").replace("~1", "") for token in tokens):
        raise ValueError("In a JSON pointer '~' is written ~0, and '/' within a name ~1.")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in tokens)


def pointer_text(tokens: Sequence[str]) -> str:
    """Return the JSON pointer of reference tokens."""
    return "".join(f"/{token.replace('~', '~0').replace('/', '~1')}" for token in tokens)


def find(document: object, tokens: Sequence[str]) -> object:
    """Return the value that a pointer leads to, or ``MISSING``."""
    for token in tokens:
        if isinstance(document, dict):
            document = document.get(token, MISSING)
        elif isinstance(document, list):
            document = _element(document, token)
        else:
            return MISSING
    return document


def leaves(document: object, most: int) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield at most so many values that are neither object nor list, in order, each after its tokens.

    Values below 64 levels are left out. No recursion: the depth of a document is the choice of its sender.
    """
    waiting: list[tuple[tuple[str, ...], object]] = [((), document)]
    while waiting and most > 0:
        tokens, value = waiting.pop()
        if not isinstance(value, dict | list):
            most -= 1
            yield tokens, value
        elif len(tokens) < MOST_LEVELS:
            members = value.items() if isinstance(value, dict) else enumerate(value)
            below = [((*tokens, str(name)), member) for name, member in members]
            waiting += reversed(below)


def _element(elements: list[object], place: str) -> object:
    is_index = place.isascii() and place.isdecimal() and (place == "0" or place[0] != "0")
    # The length first: int() of thousands of digits fails.
    if not is_index or len(place) > len(str(len(elements))) or int(place) >= len(elements):
        return MISSING
    return elements[int(place)]
