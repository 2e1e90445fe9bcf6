"""States of the replica of the database."""

from enum import StrEnum


class ReplicaState(StrEnum):
    """State of the replica, as ``/health`` names it; it is read from only while current."""

    UNKNOWN = "unknown"
    CURRENT = "current"
    STALE = "stale"
    AWAY = "away"
    NO_REPLICA = "no replica"
