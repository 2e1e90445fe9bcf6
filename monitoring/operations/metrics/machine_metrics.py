"""Metrics that need no database: disk, readings that wait on it, backups, and this web process."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from prometheus_client.core import InfoMetricFamily, Metric

from monitoring.database.replica_monitor import ReplicaMonitor, ReplicaState, is_configured
from monitoring.kernel.outages import outages
from monitoring.kernel.redis_link import link_to
from monitoring.kernel.runtime import part
from monitoring.operations.metrics.clock import age_s
from monitoring.operations.metrics.families import gauge
from monitoring.operations.stream_feed import feed
from monitoring.spool import spool_files
from monitoring.storage import backups


def machine_metrics(now: datetime) -> Iterator[Metric]:
    """Yield the families."""
    yield build_info()
    yield from disk_metrics()
    yield from spool_metrics(now)
    yield from replica_metrics()
    yield from process_metrics()


def build_info() -> Metric:
    """Return version and kind of database."""
    family = InfoMetricFamily("fermon_build", "Version of Fermon and kind of its database.")
    family.add_metric(
        [], {"version": settings.SPECTACULAR_SETTINGS["VERSION"], "database": connection.vendor}
    )
    return family


def disk_metrics() -> Iterator[Metric]:
    """Yield the families of the disk with the data directory."""
    usage = None
    with suppress(OSError):
        usage = shutil.disk_usage(settings.FERMON_DATA_DIR)
    yield gauge("fermon_disk_free_bytes", "Free on the data directory's disk.", usage and usage.free)
    yield gauge("fermon_disk_size_bytes", "Size of the data directory's disk.", usage and usage.total)
    yield gauge(
        "fermon_disk_reserve_bytes",
        "Free space below which readings are turned away: FERMON_DISK_RESERVE_BYTES.",
        settings.FERMON_DISK_RESERVE_BYTES,
    )
    yield gauge(
        "fermon_database_size_bytes",
        "Size of the SQLite database with its write-ahead log; none on PostgreSQL.",
        database_size(),
    )
    yield gauge(
        "fermon_last_backup_timestamp_seconds",
        "When the newest backup in the data directory was made; none on PostgreSQL and before the first.",
        last_backup(),
    )


def database_size() -> int | None:
    """Return the bytes of the database file and its write-ahead log; None if the database is no file."""
    if connection.vendor != "sqlite":
        return None
    name = str(connection.settings_dict["NAME"])
    return sum(spool_files.size(Path(name + ending)) for ending in ("", "-wal"))


def last_backup() -> float | None:
    """Return the time of the newest backup in seconds since 1970; None without one."""
    if connection.vendor != "sqlite":
        return None
    with suppress(OSError):
        return next((path.stat().st_mtime for path in backups.list_backups()), None)
    return None


def spool_metrics(now: datetime) -> Iterator[Metric]:
    """Yield the families of readings that wait on disk for the database."""
    since = spool_files.pending_since()
    yield gauge(
        "fermon_dead_letters",
        "Readings that wait on disk, where they are safe, to be stored.",
        spool_files.pending_count(),
    )
    yield gauge(
        "fermon_dead_letters_oldest_seconds",
        "How long the oldest of them has waited; 0: none waits.",
        age_s(since, now) if since else 0,
    )
    yield gauge("fermon_dead_letters_bytes", "Their size.", spool_files.total_size())
    yield gauge(
        "fermon_dead_letters_limit_bytes",
        "Size up to which readings are taken: FERMON_DEAD_LETTER_BYTES.",
        settings.FERMON_DEAD_LETTER_BYTES,
    )


def replica_metrics() -> Iterator[Metric]:
    """Yield the families of the read replica, as last measured by this web process."""
    found = part(ReplicaMonitor).health(wait_s=0) if is_configured() else None
    yield gauge(
        "fermon_replica_up",
        "0 while this web process does not read from the replica; none without a replica.",
        None if found is None else found.state in {ReplicaState.CURRENT, ReplicaState.UNKNOWN},
    )
    yield gauge(
        "fermon_replica_lag_seconds",
        "How far the replica is behind the primary at most.",
        None if found is None else found.lag_s,
    )


def process_metrics() -> Iterator[Metric]:
    """Yield the families of the web process that answers."""
    known = outages()
    redis = link_to(settings.REDIS_URL)
    yield gauge(
        "fermon_storing_up", "0 while this web process can't store readings.", known.storing.since is None
    )
    yield gauge(
        "fermon_spool_up",
        "0 while this web process turns readings away, as it can't even keep them on disk.",
        known.keeping.since is None,
    )
    yield gauge(
        "fermon_redis_up",
        "0 while this web process does not reach Redis; none without Redis.",
        redis.outage.since is None if redis else None,
    )
    yield gauge("fermon_stream_clients", "Clients of /stream in this web process.", feed().subscribers)
    yield gauge(
        "fermon_stream_clients_limit",
        "Clients that a web process takes: FERMON_STREAM_CLIENTS.",
        settings.FERMON_STREAM_CLIENTS,
    )
