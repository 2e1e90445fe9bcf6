"""Who may do what: THE table of roles. A role is a Django group; what it may are Django's permissions."""

from collections.abc import Iterable
from typing import Protocol

READ = "monitoring.view_measurement"
INGEST = "monitoring.add_measurement"
CONFIGURE = "monitoring.change_tag"
EXCLUDE = "monitoring.add_exclusion"  # and to include again

ADMINISTRATOR = "administrator"
# What is looked at in the admin; the dashboard and the API ask for READ alone.
_RECORDS = (
    "event",
    "excludedmeasurement",
    "exclusion",
    "finding",
    "hostclock",
    "lease",
    "measurement",
    "refusal",
    "refusalcount",
    "replacement",
    "series",
)
_ENGINEER = frozenset(
    {
        INGEST,
        CONFIGURE,
        EXCLUDE,
        "monitoring.add_tag",
        "monitoring.delete_tag",
        "monitoring.view_tag",
        "monitoring.view_setasidereading",
        "monitoring.change_setasidereading",
        "monitoring.delete_setasidereading",
        *(f"monitoring.view_{model}" for model in _RECORDS),
    }
)
# Each role's permissions, as "app.codename". An administrator has those of every app, whatever comes to be.
ROLES: dict[str, frozenset[str] | None] = {
    "viewer": frozenset({READ}),
    "operator": frozenset({READ}),
    "engineer": _ENGINEER,
    ADMINISTRATOR: None,
}


class Account(Protocol):
    """A user, or what a token stands for: an ingest token's has INGEST alone, a reading one's READ."""

    @property
    def is_active(self) -> bool: ...

    def has_perm(self, perm: str) -> bool:
        """Whether it has the permission, by its groups or its scope."""
        ...


def grants(role: str, permissions: Iterable[str]) -> set[str]:
    """Those of the permissions that the role gives."""
    given = ROLES[role]
    return {each for each in permissions if given is None or each in given}


def allows(account: Account, permission: str) -> bool:
    """Whether the account may do that: the one question that API, page and admin ask."""
    return account.is_active and account.has_perm(permission)
