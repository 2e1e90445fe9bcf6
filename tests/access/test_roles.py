"""What each role may do."""

from dataclasses import dataclass
from itertools import pairwise

import pytest

from monitoring.access.roles import (
    ACKNOWLEDGE,
    ADMINISTRATOR,
    CONFIGURE,
    DEFINE,
    EXCLUDE,
    INGEST,
    READ,
    ROLES,
    SHELVE,
    allows,
    grants,
)

KNOWN = {
    READ,
    INGEST,
    CONFIGURE,
    EXCLUDE,
    ACKNOWLEDGE,
    SHELVE,
    DEFINE,
    "auth.change_user",
    "monitoring.delete_measurement",
}


@dataclass
class Somebody:
    role: str
    is_active: bool = True

    def has_perm(self, perm: str) -> bool:
        return bool(grants(self.role, [perm]))


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("viewer", {READ}),
        ("operator", {READ, ACKNOWLEDGE, SHELVE}),
        ("engineer", {READ, INGEST, CONFIGURE, EXCLUDE, ACKNOWLEDGE, SHELVE, DEFINE}),
        (ADMINISTRATOR, KNOWN),
    ],
)
def test_a_role_gives_what_the_table_says(role: str, may: set[str]) -> None:
    assert grants(role, KNOWN) == may


def test_each_role_may_what_the_one_before_may() -> None:
    given = [grants(role, KNOWN) for role in ROLES]
    assert all(fewer <= more for fewer, more in pairwise(given))


def test_who_has_left_may_nothing() -> None:
    assert allows(Somebody("engineer"), READ)
    assert not allows(Somebody("engineer", is_active=False), READ)
