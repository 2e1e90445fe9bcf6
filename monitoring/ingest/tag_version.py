"""The version of the table ``tags`` on SQLite, by which a process confirms the definitions that it has read.

Triggers set another random number at each change, whoever makes it; random, so that a number of a transaction
that was rolled back never comes again. Django drops the triggers of a table that a migration makes anew: the
triggers are made after all migrations, and without one of them there is no version.
"""

from django.db import connection, connections

TRIGGERS = {
    f"tags_version_{event.lower()}": f"AFTER {event} ON tags" for event in ("INSERT", "UPDATE", "DELETE")
}
TABLE = "CREATE TABLE IF NOT EXISTS tags_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER)"
FIRST = "INSERT OR REPLACE INTO tags_version VALUES (1, random())"
# Not by INSERT OR REPLACE: the conflict clause of the statement that fires a trigger replaces the trigger's.
CHANGED = "UPDATE tags_version SET version = random()"
VERSION = f"""
    SELECT version FROM tags_version
    WHERE (SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'tags') = {len(TRIGGERS)}
"""  # noqa: S608 - our own words


def tags_version() -> int | None:
    """Return the version that the present transaction of SQLite sees; None if changes are not tracked."""
    with connection.wrap_database_errors:
        row = connection.connection.execute(VERSION).fetchone()
    return row[0] if row else None


def track_changes(using: str) -> None:
    """Make the table and the triggers, unless they exist."""
    with connections[using].cursor() as cursor:
        cursor.execute(TABLE)
        for name, event in TRIGGERS.items():
            cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {event} BEGIN {CHANGED}; END")
        cursor.execute(FIRST)
