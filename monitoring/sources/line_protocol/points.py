"""Record unmapped points, counts and malformed lines in the background: no request waits for these writes."""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
from django.db import Error as DatabaseError
from django.db import connection, connections, transaction
from django.db.models import F

from monitoring.database.write_lock import write_lock
from monitoring.ingest.outcomes import Outcome, Status
from monitoring.ingest.rejections import RejectedReading, remember_rejections
from monitoring.ingest.validate import RejectionReason
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.kernel.runtime import part
from monitoring.models import PointState, Source, SourceStatus
from monitoring.sources.line_protocol.grammar import Fault, Value
from monitoring.sources.points import room_of, shortened
from monitoring.sources.session import State

logger = logging.getLogger(__name__)

FLUSH_S = 3.0
MOST_MALFORMED = 500  # lines remembered at once
LONGEST_RATE_S = 30.0
COLUMNS = "source_id, address, state, first_seen, last_seen, seen, last_raw, suggestion"
UPSERT = f"""
    INSERT INTO source_points ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (source_id, address) DO UPDATE SET
        seen = source_points.seen + excluded.seen, last_seen = excluded.last_seen,
        last_raw = excluded.last_raw
"""  # noqa: S608 - our own words


@dataclass(slots=True, eq=False)
class UnmappedField:
    """An address that no rule maps, with the values since the last flush. ``is_stored``: it has a row."""

    source: int
    address: str
    suggestion: dict[str, object] = field(default_factory=dict)
    is_stored: bool = False
    seen: int = 0
    first_us: int = 0
    last_us: int = 0
    raw: Value = ""

    def note(self, value: Value, now_us: int) -> None:
        """Count a value."""
        if not self.seen:
            self.first_us = now_us
        self.seen += 1
        self.last_us, self.raw = now_us, value

    def take(self) -> tuple[int | str, ...]:
        """Return the values for ``UPSERT``, and begin to count anew."""
        seen, self.seen, self.is_stored = self.seen, 0, True
        suggestion = orjson.dumps(self.suggestion).decode()
        unmapped = str(PointState.UNMAPPED)
        times = (self.first_us, self.last_us)
        return (self.source, self.address, unmapped, *times, seen, text_of(self.raw), suggestion)


@dataclass(slots=True)
class Counts:
    """Readings of a source since the last flush."""

    readings: int = 0
    rejected: int = 0
    newest_us: int = 0


class PointRecorder:
    """Collects in memory, and writes every ``FLUSH_S`` seconds in a thread that ends when nothing comes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._points: dict[UnmappedField, None] = {}
        self._counts: dict[int, Counts] = defaultdict(Counts)
        self._malformed: list[RejectedReading] = []

    def record(
        self,
        source: int,
        *,
        points: Iterable[UnmappedField] = (),
        readings: int = 0,
        rejected: int = 0,
        newest_us: int = 0,
    ) -> None:
        """Add the points and the numbers of a request."""
        with self._lock:
            self._points.update(dict.fromkeys(points))
            counts = self._counts[source]
            counts.readings += readings
            counts.rejected += rejected
            counts.newest_us = max(counts.newest_us, newest_us)
        self.start()

    def malformed(self, faults: Iterable[Fault], *, source: str) -> None:
        """Add lines that cannot be parsed; drop those beyond ``MOST_MALFORMED``."""
        now = datetime.now(UTC)
        with self._lock:
            room = MOST_MALFORMED - len(self._malformed)
            self._malformed += [
                RejectedReading(fault.text, outcome_of(fault), source, now)
                for fault, _ in zip(faults, range(room), strict=False)
            ]
        self.start()

    def start(self) -> None:
        """Start the thread if none runs."""
        with self._lock:
            if self._thread is None and not self._is_stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="points", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread after a last flush; start none any more."""
        with self._lock:
            self._is_stopped.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        """Flush at intervals, until nothing was added since the last flush."""
        try:
            while True:
                is_last = self._is_stopped.wait(FLUSH_S)
                self._flush_safely()
                with self._lock:
                    if is_last or not (self._points or self._counts or self._malformed):
                        self._thread = None
                        return
        finally:
            with self._lock:
                if self._thread is threading.current_thread():  # an unforeseen error ended the loop
                    self._thread = None

    def _flush_safely(self) -> None:
        try:
            self.flush()
        except DatabaseError as error:
            logger.warning("points of sources are not recorded", extra={"error": str(error)})
        finally:
            connections.close_all()

    def flush(self) -> None:
        """Write all that was added.

        Raises:
            django.db.Error: the database is away; what was added is dropped.
        """
        with self._lock:
            points, self._points = list(self._points), {}
            counts, self._counts = dict(self._counts), defaultdict(Counts)
            malformed, self._malformed = self._malformed, []
        if not (points or counts or malformed):
            return
        now = datetime.now(UTC)
        with write_lock(), transaction.atomic():
            existing = set(Source.objects.filter(pk__in=counts).values_list("pk", flat=True))
            for source in sorted(existing):
                upsert_points(source, [point for point in points if point.source == source])
                write_status(source, counts[source], now)
            remember_rejections(malformed)


def point_recorder() -> PointRecorder:
    """Return the recorder of this process."""
    return part(PointRecorder)


def outcome_of(fault: Fault) -> Outcome:
    """Return a line that cannot be parsed as the outcome of a reading."""
    return Outcome("", Status.REJECTED, reason=RejectionReason.NOT_A_READING, error=fault.message)


def text_of(value: Value) -> str:
    """Return a value as text of limited length, as a person would write the value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return shortened(f"{value:.15g}" if isinstance(value, float) else value)


def upsert_points(source: int, points: list[UnmappedField]) -> None:
    """Insert or update rows of points, at most ``MOST_POINTS`` of a source."""
    new = [point for point in points if not point.is_stored]
    if new:
        beyond = set(new[room_of(source) :])
        points = [point for point in points if point not in beyond]
    if points:
        with connection.cursor() as cursor:
            cursor.executemany(UPSERT, [point.take() for point in points])


def write_status(source: int, counts: Counts, now: datetime) -> None:
    """Add the counts to the status of the source.

    A request of one device confirms nothing about the others of the same database.
    """
    status, _ = SourceStatus.objects.get_or_create(source_id=source)
    passed_s = (now - status.updated_at).total_seconds() if status.updated_at else FLUSH_S
    newest = max(counts.newest_us, to_micros(status.newest) if status.newest else 0)
    SourceStatus.objects.filter(pk=source).update(
        state=str(State.CONNECTED),
        since=status.since or now,
        newest=from_micros(newest) if newest else None,
        readings=F("readings") + counts.readings,
        rejected=F("rejected") + counts.rejected,
        rate=counts.readings / (passed_s if 0.1 < passed_s < LONGEST_RATE_S else FLUSH_S),
        updated_at=now,
    )
