"""The database's part of a round of the collector: leases, changed sources, records, jobs."""

import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import Error as DatabaseError
from django.db import connection, transaction

from monitoring.database.connections import close_if_replaced
from monitoring.database.write_lock import write_lock
from monitoring.ingest.tags import among, given
from monitoring.models import Source, SourceJob, SourcePoint
from monitoring.sources import recording
from monitoring.sources.driving import collected_protocols
from monitoring.sources.job_claims import claim_jobs
from monitoring.sources.live_session import SourceRecord
from monitoring.sources.loading import load_config
from monitoring.sources.session import SourceError, State
from monitoring.sources.source_leases import (
    RENEWED_EVERY_S,
    check_held,
    held_by_others,
    release_all,
    renew,
    take,
)
from monitoring.sources.source_run import Assignment

logger = logging.getLogger(__name__)

NO_TAGS = recording.TagTable({}, {}, -recording.READ_EVERY_S)
NEWEST = "SELECT tags.name, series.last FROM series JOIN tags ON tags.id = series.tag WHERE "
FED = "tags.id IN (SELECT tag FROM source_tags WHERE source_id = %s)"


@dataclass(frozen=True, slots=True)
class Round:
    """The result of a round: sources to start or start again, sources to end, jobs to do.

    ``lost`` are held by others; ``ended`` are switched off or deleted.
    """

    assigned: Sequence[Assignment] = ()
    lost: frozenset[int] = frozenset()
    ended: frozenset[int] = frozenset()
    jobs: Sequence[SourceJob] = ()
    hold_us: Mapping[str, int] = field(default_factory=dict)


class CollectorRounds:
    """The reads and writes of the collector, in one thread. ``owner`` names this process in leases."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self._tags = NO_TAGS
        self._renewed_at = -RENEWED_EVERY_S
        self._known: set[int] = set()

    def guard(self, sources: Iterable[int]) -> None:
        """Raise SourcesLostError if others hold the lease of one of the sources; see ``check_held``."""
        check_held(self.owner, sources)

    def work(self, held: Mapping[int, int], records: Sequence[SourceRecord]) -> Round:
        """Do a round. ``held`` has the revision of each source that runs here.

        Raises:
            django.db.Error: the database is away; nothing of the round counts.
        """
        close_if_replaced()
        now = datetime.now(UTC)
        enabled = self._enabled()
        lost = self._write(held, records, enabled, now)
        ended = frozenset(held) - lost - frozenset(enabled)
        if ended:
            release_all(self.owner, ended)
            recording.end_status(ended, State.OFF)
        wanted = [
            source
            for source, revision in enabled.items()
            if (held[source] != revision if source in held else self._take(source, now))
            and source not in lost
        ]
        return Round(
            assigned=[*map(self._assign, Source.objects.filter(pk__in=wanted))] if wanted else (),
            lost=frozenset(lost),
            ended=ended,
            jobs=claim_jobs(lambda: held_by_others(self.owner, now)),
            hold_us=self._tags.hold_us,
        )

    def _enabled(self) -> dict[int, int]:
        rows = Source.objects.filter(is_enabled=True, protocol__in=collected_protocols())
        return dict(rows.values_list("pk", "revision"))

    def _write(
        self,
        held: Mapping[int, int],
        records: Sequence[SourceRecord],
        enabled: Collection[int],
        now: datetime,
    ) -> set[int]:
        """Renew the leases and write records; return the sources that other processes have taken."""
        is_due = time.monotonic() - self._renewed_at >= RENEWED_EVERY_S
        if not held or not (records or is_due):
            return set()
        if self._tags.is_old:
            self._tags = recording.read_tag_table()
        tags, self._tags = self._tags, NO_TAGS  # read again after a failure: a tag may have been deleted
        with write_lock(), transaction.atomic():
            still = renew(self.owner, held, now)
            existing = still & set(enabled)
            existing |= set(Source.objects.filter(pk__in=still - existing).values_list("pk", flat=True))
            recording.write_records([each for each in records if each.source in existing], tags.ids)
        self._tags, self._renewed_at = tags, time.monotonic()
        return set(held) - still

    def _take(self, source: int, now: datetime) -> bool:
        try:
            return take(self.owner, source, now)
        except DatabaseError:  # a row that another collector has locked stops no other source
            if connection.vendor == "sqlite":
                raise
            return False

    def _assign(self, source: Source) -> Assignment:
        points = tuple(SourcePoint.objects.filter(source=source).values_list("address", flat=True))
        try:
            config = load_config(source)
        except SourceError as error:
            return Assignment(source.pk, source.name, source.revision, None, str(error), points)
        recording.forget_unmapped(source.pk, config.rules)
        return Assignment(source.pk, source.name, source.revision, config, "", points)

    def newest(self, source: int, tags: Sequence[str]) -> dict[str, int]:
        """Return the time of the newest stored measurement of each tag that has one.

        Without tags: of each tag that has got values of the source.
        """
        names = list(tags)
        if names:
            condition, values = f"tags.name {among(names)}", given(names)
        else:
            condition, values = FED, [source]
        with connection.cursor() as cursor:
            cursor.execute(f"{NEWEST}{condition}", values)
            return {name: last for name, last in cursor.fetchall() if last is not None}

    def leave(self, records: Sequence[SourceRecord], held: Collection[int]) -> None:
        """Write the last records and release the leases."""
        with write_lock(), transaction.atomic():
            still = renew(self.owner, held, datetime.now(UTC))
            recording.write_records([each for each in records if each.source in still], self._tags.ids)
            recording.end_status(still, State.STANDBY)
            release_all(self.owner, still)
