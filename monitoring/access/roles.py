"""Roles and their permissions. A role is a Django group with Django permissions."""

from collections.abc import Iterable
from typing import Protocol

READ = "monitoring.view_measurement"
INGEST = "monitoring.add_measurement"
CONFIGURE = "monitoring.change_tag"
EXCLUDE = "monitoring.add_exclusion"  # covers including again
ACKNOWLEDGE = "monitoring.acknowledge_alarm"  # covers resets, comments and ratings
SHELVE = "monitoring.shelve_alarm"
NOTE = "monitoring.add_note"  # covers correcting and withdrawing
SAVE_VIEW = "monitoring.add_savedview"  # covers changing and deleting
DEFINE = "monitoring.change_alarmdefinition"  # covers suppression and taking out of service
SEE_NOTIFICATIONS = "monitoring.view_delivery"  # covers channels, routes and schedules
SET_UP_NOTIFICATIONS = "monitoring.change_channel"  # covers people, routes and schedules
SET_UP_SOURCES = "monitoring.change_source"  # host, login, trust: Fermon connects outwards
MAP_SOURCES = "monitoring.change_sourcemapping"  # covers enabling, points, jobs and file imports
CONDUCT = "monitoring.conduct_batch"  # start, inoculate, move on, end and abort batches; samples
DESIGN = "monitoring.change_vessel"  # vessels, bindings, computed tags, recipes, golden, profiles
MAINTAIN = "monitoring.add_maintenancewindow"  # covers changing and ending
IMPORT = "monitoring.add_fileimport"  # covers checking, cancelling, and new tags from a file

ADMINISTRATOR = "administrator"
# Tables that engineers view in the admin; the dashboard and the API check READ alone.
_RECORDS = (
    "alarmdefinition",
    "alarmdefinitionversion",
    "alarmjournalentry",
    "alarmoccurrence",
    "alarmstate",
    "batch",
    "batchphase",
    "batchwatch",
    "channel",
    "computedtag",
    "delivery",
    "deliveryattempt",
    "deviation",
    "escalation",
    "event",
    "excludedmeasurement",
    "exclusion",
    "fileimport",
    "finding",
    "hostclock",
    "importmapping",
    "lease",
    "maintenancewindow",
    "measurement",
    "note",
    "noteversion",
    "person",
    "profile",
    "profilemember",
    "pushsubscription",
    "qualityspan",
    "recipe",
    "recipephase",
    "refusal",
    "refusalcount",
    "replacement",
    "route",
    "routestep",
    "sample",
    "sampleresult",
    "savedview",
    "schedule",
    "schedulemember",
    "scheduleoverride",
    "series",
    "source",
    "sourcegap",
    "sourcejob",
    "sourcemapping",
    "sourcepoint",
    "sourcestatus",
    "vessel",
    "vesselname",
    "vesseltag",
)
_OPERATOR = frozenset({READ, ACKNOWLEDGE, SHELVE, NOTE, SAVE_VIEW, CONDUCT})
_ENGINEER = frozenset(
    {
        *_OPERATOR,
        DEFINE,
        "monitoring.add_alarmdefinition",
        INGEST,
        CONFIGURE,
        EXCLUDE,
        DESIGN,
        IMPORT,
        MAINTAIN,
        MAP_SOURCES,
        "monitoring.change_maintenancewindow",
        "monitoring.add_tag",
        "monitoring.delete_tag",
        "monitoring.view_tag",
        "monitoring.view_setasidereading",
        "monitoring.change_setasidereading",
        "monitoring.delete_setasidereading",
        *(f"monitoring.view_{model}" for model in _RECORDS),
    }
)
# Permissions of each role as "app.codename"; None: all permissions of all apps, also of future ones.
ROLES: dict[str, frozenset[str] | None] = {
    "viewer": frozenset({READ}),
    "operator": _OPERATOR,
    "engineer": _ENGINEER,
    ADMINISTRATOR: None,
}


class Account(Protocol):
    """A user, or the user of a source token, with INGEST alone or READ alone."""

    @property
    def is_active(self) -> bool: ...

    def has_perm(self, perm: str) -> bool:
        """Return whether groups or scope grant the permission."""
        ...


def grants(role: str, permissions: Iterable[str]) -> set[str]:
    """Return the subset of the permissions that the role grants."""
    given = ROLES[role]
    return {each for each in permissions if given is None or each in given}


def allows(account: Account, permission: str) -> bool:
    """Return whether the account is active and has the permission; API, pages and admin all call this."""
    return account.is_active and account.has_perm(permission)
