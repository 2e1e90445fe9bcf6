"""Read the claims of a token: groups by a dotted path, the roles that they stand for, and a name. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# The claims that name a person or a machine, best first: OpenID Connect Core 5.1, RFC 9068, RFC 8693.
NAMES = ("preferred_username", "name", "email", "client_id", "azp", "sub")
# The letters of Django's user names.
FORBIDDEN = re.compile(r"[^\w.@+-]+")
LONGEST_NAME = 150


def find_claim(claims: Any, path: str) -> Any:
    """Return the value at a dotted path such as ``realm_access.roles``; None if there is none.

    A name may contain dots itself, as in ``https://plant.example/roles``: the longest name that exists wins.
    """
    if not isinstance(claims, Mapping):
        return None
    if path in claims:
        return claims[path]
    for end in reversed([place for place, sign in enumerate(path) if sign == "."]):
        found = find_claim(claims.get(path[:end]), path[end + 1 :])
        if found is not None:
            return found
    return None


def groups_in(value: Any) -> Iterator[str]:
    """Yield the groups in the value of a claim: one text, a list of texts, or the keys of an object."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | Mapping):
        yield from (each for each in value if isinstance(each, str))


def roles_of(value: Any, mapping: Mapping[str, str]) -> frozenset[str]:
    """Return the roles of the groups in a claim. Groups without a role in the mapping give none."""
    return frozenset(mapping[group] for group in groups_in(value) if group in mapping)


def name_of(claims: Mapping[str, Any]) -> str:
    """Return the name of the subject as a user name: letters, digits and ``@.+-_``, at most 150 of them."""
    for claim in NAMES:
        text = claims.get(claim)
        name = FORBIDDEN.sub("-", text).strip("-") if isinstance(text, str) else ""
        if name:
            return name[:LONGEST_NAME]
    return "unnamed"
