"""A plant whose measurements are archived, and everything that is stored of it, wherever it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.archive import presence
from monitoring.archive.files import read_groups
from monitoring.archive.place import archive_place, archive_url
from monitoring.ingest import open_minutes
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.clock import to_micros
from monitoring.models import ArchiveFile, ExcludedMeasurement, Finding, Measurement, Rollup, Series, Tag
from monitoring.storage.archiving import moving
from monitoring.storage.archiving.running import archive_now

TAG = "fermenter_temp"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def reading(moment: datetime, value: float = 37.0, tag: str = TAG) -> dict[str, object]:
    return {"timestamp": moment.isoformat(), "tag": tag, "value": value}


def hourly(
    days: int, *, value: float = 37.0, tag: str = TAG, until: datetime = NOW
) -> list[dict[str, object]]:
    """Two readings an hour, slightly apart, over so many days; every 50th is outside its limit."""
    count = 48 * days
    return [
        reading(
            until - timedelta(minutes=30 * (count - number)),
            50.0 if number % 50 == 49 else value + number % 7 / 100,
            tag,
        )
        for number in range(count)
    ]


def send(readings: list[dict[str, object]], now: datetime = NOW) -> list[Any]:
    return list(ingest_readings(readings, source="test", now=now))


def archive_after(days: int | None, tag: str = TAG) -> None:
    Tag.objects.filter(name=tag).update(archive_after_days=days)


def archive(days: int = 2, tag: str = TAG, now: datetime = NOW) -> int | None:
    """Archives now what is older than so many days; returns how many measurements have moved."""
    archive_after(days, tag)
    return archive_now([tag], now=now)


def root_of_archive() -> Path:
    """The directory of the archive."""
    return Path(archive_url())


def live_files(tag: str = TAG) -> list[ArchiveFile]:
    return list(ArchiveFile.objects.filter(tag__name=tag, superseded_at=None).order_by("start"))


def archived_rows(file: ArchiveFile) -> list[tuple[Any, ...]]:
    """Rows of a file that count: id, time, value, flag, and findings."""
    until = to_micros(file.moved_until)
    if file.moved_until == file.start:
        return []
    return [
        (row, time_us, value, flag, tuple(findings.get(row, ())))
        for rows, findings in read_groups(archive_place(), file.path)
        for row, time_us, value, flag in zip(
            rows.ids.tolist(),
            rows.times_us.tolist(),
            rows.values.tolist(),
            rows.is_anomaly.tolist(),
            strict=True,
        )
        if time_us < until
    ]


def database_rows(tag: str = TAG) -> list[tuple[Any, ...]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row, *violation in Finding.objects.order_by("id").values_list(
        "measurement_id", "reason", "lower", "upper"
    ):
        found.setdefault(row, []).append(tuple(violation))
    rows = Measurement.objects.filter(tag__name=tag).order_by("timestamp")
    return [
        (row, to_micros(moment), value, flag, tuple(found.get(row, ())))
        for row, moment, value, flag in rows.values_list("id", "timestamp", "value", "is_anomaly")
    ]


def measured(tag: str = TAG) -> list[tuple[Any, ...]]:
    """All measurements of the tag in the database and in the archive, in order of time."""
    rows = [*database_rows(tag), *(row for file in live_files(tag) for row in archived_rows(file))]
    return sorted(rows, key=lambda row: row[1])


def everything(tag: str = TAG) -> dict[str, Any]:
    """What is stored of the tag, with ids as ranks: PostgreSQL never gives an id twice."""
    open_minutes.close([Tag.objects.get(name=tag).pk])
    rows = measured(tag)
    excluded = list(
        ExcludedMeasurement.objects.filter(tag__name=tag)
        .order_by("timestamp")
        .values_list("id", "timestamp", "value", "is_anomaly", "findings")
    )
    rank = {row: place for place, row in enumerate(sorted({row[0] for row in (*rows, *excluded)}))}
    series = Series.objects.filter(tag__name=tag).values(
        *("measurements", "anomalies", "last", "raw_from", "excluded_until")
    )
    fields = ("start", "count", "minimum", "minimum_at", "maximum", "maximum_at", "anomalies")
    rollups = Rollup.objects.filter(tag__name=tag).order_by("resolution_s", "start")
    return {
        "measurements": [(rank[row[0]], *row[1:]) for row in rows],
        "excluded": [(rank[row[0]], *row[1:4], str(row[4])) for row in excluded],
        "series": list(series),
        "rollups": list(rollups.values_list("resolution_s", *fields)),
        "totals": [round(total, 6) for total in rollups.values_list("total", flat=True)],
    }


def without_pauses(monkeypatch: pytest.MonkeyPatch, **sizes: int) -> None:
    """No pauses between chunks, no waiting for others; ``sizes`` of chunks and row groups by name."""
    monkeypatch.setattr(moving, "PAUSE_S", 0)
    monkeypatch.setattr(presence, "ANNOUNCED_S", 0)
    for name, rows in sizes.items():
        monkeypatch.setattr(moving, name, rows)
