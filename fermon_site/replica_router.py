"""Keep migrations away from the replica, which gets its tables from the primary."""

from typing import Any

REPLICA = "replica"


class ReplicaRouter:
    """Django's router where a replica is configured.

    Reads are not routed query by query: ``monitoring.database.replica`` reads a whole request from one
    server.
    """

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Refuse migrations of the replica."""
        return False if db == REPLICA else None
