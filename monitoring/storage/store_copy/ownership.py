"""Check the target's data: only an empty target, or an unfinished copy of this source, may be written to.

A comment on the table of measurements marks a copy and identifies the source by the time of its first
migration, to the microsecond, which stays the same wherever the file is moved.
"""

from datetime import datetime
from hashlib import sha256

from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from monitoring.kernel.tag_definition import DEFAULT_TAGS
from monitoring.models import Lease
from monitoring.storage.store_copy.databases import SOURCE, TARGET, execute, select_number, select_rows
from monitoring.storage.store_copy.errors import StoreCopyError
from monitoring.storage.store_copy.fitting import refuse_numbers
from monitoring.storage.store_copy.small_tables import small_models

COMPARED = 1_000
MARK = "SELECT obj_description('measurements'::regclass, 'pg_class')"
NEWEST = "SELECT id, tag, timestamp FROM measurements ORDER BY id DESC LIMIT %s"
SAME_IDS = "SELECT id, tag, timestamp FROM measurements WHERE id >= %s AND id <= %s"
LAST_GIVEN = "SELECT seq FROM sqlite_sequence WHERE name = 'measurements'"
TABLES = """
    SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(oid)
    AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND NOT EXISTS (
        SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
    )
    ORDER BY relname
"""  # tables of extensions do not count
SHOWN = 5
EMPTY_IT = "Copy into an empty database: make another one, or drop this one and create it again."


def claim_target() -> None:
    """Create the target's tables, and check that no data would be lost there.

    Raises:
        StoreCopyError: the target holds data other than a copy of this source.
    """
    refuse_unmigrated_source()
    refuse_numbers(small_models())
    refuse_foreign()
    call_command("migrate", database=TARGET, interactive=False, verbosity=0)
    if read_mark() is None:
        refuse_used()
        write_mark()
    elif read_mark() != identity():
        raise StoreCopyError(f"The target is a copy of another source. {EMPTY_IT}")
    refuse_run()
    refuse_other_measurements()


def require_copy() -> None:
    """Raise StoreCopyError if the target is not a copy of this source."""
    if not has_tables() or read_mark() != identity():
        raise StoreCopyError("The target is no copy of this source. Run it without --verify-only first.")


def has_tables() -> bool:
    """Return whether the target has Fermon's tables."""
    return bool(select_number(TARGET, "SELECT (to_regclass('measurements') IS NOT NULL)::int"))


def identity() -> str:
    """Return the mark of a copy of this source."""
    made = select_rows(SOURCE, "SELECT app, name, applied FROM django_migrations ORDER BY id LIMIT 1")
    return f"copied from store {sha256(repr(made).encode()).hexdigest()[:16]}"


def read_mark() -> str | None:
    """Return the mark of the target; None if the target is no copy."""
    found: str | None = select_rows(TARGET, MARK)[0][0]
    return found


def write_mark() -> None:
    """Mark the target as a copy of this source."""
    execute(TARGET, f"COMMENT ON TABLE measurements IS '{identity()}'")


def refuse_unmigrated_source() -> None:
    """Raise StoreCopyError if the source lacks migrations of this version."""
    recorder = MigrationRecorder(connections[SOURCE])
    known = recorder.applied_migrations() if recorder.has_table() else {}
    if missing := sorted(set(MigrationLoader(None).disk_migrations) - set(known)):
        raise StoreCopyError(
            f"The source is not migrated ({'.'.join(missing[0])}). Run 'manage.py migrate', and start Fermon"
            " again, before it is copied."
        )


def refuse_foreign() -> None:
    """Raise StoreCopyError if the target has tables of another application.

    Applied migrations identify the tables of Fermon, also after an interrupted migration.
    """
    tables = [name for (name,) in select_rows(TARGET, TABLES)]
    recorder = MigrationRecorder(connections[TARGET])
    migrated = {app for app, _ in recorder.applied_migrations()}
    is_ours = recorder.has_table() and migrated <= MigrationLoader(None).migrated_apps
    if tables and not is_ours:
        raise StoreCopyError(
            f"The target has tables that are not Fermon's ({', '.join(tables[:SHOWN])}). Nothing was written."
            f" {EMPTY_IT}"
        )


def refuse_used() -> None:
    """Raise StoreCopyError if the target was used before becoming a copy."""
    rows = select_rows(TARGET, "SELECT name FROM tags")
    default = {tag.definition.name for tag in DEFAULT_TAGS}
    measurements = select_number(TARGET, "SELECT count(*) FROM (SELECT 1 FROM measurements LIMIT 1) AS one")
    users = select_number(TARGET, "SELECT count(*) FROM auth_user")
    if measurements or users or not default.issuperset(name for (name,) in rows):
        raise StoreCopyError(
            f"The target holds data of its own (measurements, users or tags), which would be lost. {EMPTY_IT}"
        )


def refuse_run() -> None:
    """Raise StoreCopyError if Fermon has run on the target since the copy."""
    here, there = lease_renewals(SOURCE), lease_renewals(TARGET)
    for source, renewed_at in there.items():
        if source not in here or renewed_at > here[source]:
            raise StoreCopyError(
                f"Fermon has run on the target since it was copied ({source}, {renewed_at:%Y-%m-%d %H:%M:%S}"
                f" UTC): what it stored there would be lost. {EMPTY_IT}"
            )


def lease_renewals(alias: str) -> dict[str, datetime]:
    """Return the last renewal of each lease by source."""
    held = Lease.objects.using(alias).exclude(renewed_at=None)
    return {lease.source: lease.renewed_at for lease in held if lease.renewed_at}


def refuse_other_measurements() -> None:
    """Raise StoreCopyError if the target's newest measurements differ from the source's.

    Measurements that the source has deleted since do not count; their ids were assigned there once.
    """
    newest = select_rows(TARGET, NEWEST, [COMPARED])
    if not newest:
        return
    here = {row[0]: row for row in select_rows(SOURCE, SAME_IDS, [newest[-1][0], newest[0][0]])}
    if newest[0][0] > select_number(SOURCE, LAST_GIVEN) or any(
        here.get(row[0], row) != row for row in newest
    ):
        raise StoreCopyError(f"The target holds measurements that the source does not have. {EMPTY_IT}")
