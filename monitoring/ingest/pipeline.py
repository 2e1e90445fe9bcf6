"""THE write path. Whatever feeds Fermon ends here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from django.db import transaction

from monitoring.database.write_lock import turn
from monitoring.ingest.ahead import mark_ahead
from monitoring.ingest.conflicts import make_way
from monitoring.ingest.excluded import without_excluded
from monitoring.ingest.outcomes import Outcomes
from monitoring.ingest.parse import UNKNOWN, ReadingColumns, named_tags, validate
from monitoring.ingest.rejections import refused, remember_refusals
from monitoring.ingest.rollups import Clocks
from monitoring.ingest.rules import rules_for
from monitoring.ingest.source_clocks import clocks_after, stored_clocks
from monitoring.ingest.store import Written, store
from monitoring.ingest.tags import LockedTag, all_names, keep_definitions_known, lock_tags
from monitoring.ingest.timeline import judge
from monitoring.ingest.windows import Served, next_timelines, recent_of
from monitoring.kernel.clock import FIRST_MICROS, to_micros
from monitoring.kernel.failpoints import crash_point
from monitoring.kernel.source_clock import limit_us
from monitoring.kernel.tag_definition import OnConflict


def ingest_readings(
    items: Sequence[object],
    *,
    source: str | None = None,
    senders: Sequence[str] | None = None,
    now: datetime | None = None,
) -> Outcomes:
    """Validates, judges and stores what a source sent; one outcome an item, in order.

    All that is valid is committed when this returns, each tag and time once, however often and
    in whatever order it comes. Flags equal those of the same readings come one by one in time.
    What is refused is remembered together with its source (unless that is None). ``senders`` are the
    sources of the items where these differ, for the record of values that are replaced.

    Raises:
        django.db.Error: the database did not take it; nothing of it is stored.
    """
    now = now or datetime.now(UTC)
    keep_definitions_known()
    names = named_tags(items)
    crash_point("ingest.before_transaction")
    with turn(), transaction.atomic():
        tags = lock_tags(names)
        definitions = {name: tag.definition for name, tag in tags.items()}
        known = definitions if len(tags) == len(names) else all_names()
        columns, rejections = validate(items, definitions, now=now, known=known)
        outcomes = Outcomes(len(items))
        outcomes.refuse(rejections)
        locked = list(tags.values())
        # Without a source they are no arrivals: what waits on disk arrived before.
        clocks = stored_clocks(locked) if source is None else clocks_after(locked, columns, now)
        columns, excluded = without_excluded(columns, locked)
        if excluded is not None:
            outcomes.add_excluded(list(tags), excluded)
        ready = make_way(columns, locked, senders or [source or ""] * len(items), now=now)
        for served, written in add(ready.columns, ready.tags, clocks, now=now):
            outcomes.add(list(tags), served, written)
        outcomes.settle(ready.statuses, lambda name: definitions[name].on_conflict == OnConflict.KEEP_FIRST)
        if source is not None:
            remember_refusals(source, refused(items, outcomes), now=now)
        crash_point("ingest.before_commit")
    return outcomes


def ingest_columns(names: Sequence[str], columns: ReadingColumns) -> int:
    """Judges and stores readings that are valid as they are; how many of them are new.

    ``names`` are those of the tags by whose places they go. Those of tags that don't exist, of the
    deleted past, and at times of excluded measurements are left out; of readings at one time the first
    stands, whatever their tag keeps.

    Raises:
        django.db.Error: as ``ingest_readings``.
    """
    with turn(), transaction.atomic():
        tags = lock_tags(names)
        locked = list(tags.values())
        columns, _ = without_excluded(kept(names, columns, tags), locked)
        added = add(columns, locked, stored_clocks(locked), now=datetime.now(UTC))
        return sum(int(served.timelines.is_new.sum()) for served, _ in added)


def kept(names: Sequence[str], columns: ReadingColumns, tags: Mapping[str, LockedTag]) -> ReadingColumns:
    """Those that may be stored, by the places of the tags that there are."""
    places = {name: place for place, name in enumerate(tags)}
    columns = replace(columns, tag=np.array([places.get(name, UNKNOWN) for name in names])[columns.tag])
    oldest = [*(tag.definition.raw_from for tag in tags.values()), None]
    oldest_us = np.array([FIRST_MICROS if moment is None else to_micros(moment) for moment in oldest])
    return columns.take((columns.tag != UNKNOWN) & (columns.time_us >= oldest_us[columns.tag]))


def add(
    columns: ReadingColumns, tags: Sequence[LockedTag], clocks: Clocks, *, now: datetime
) -> Iterator[tuple[Served, Written]]:
    """Judges and stores readings; those that were served at once, and what became of them.

    -0.0 becomes 0.0: they are equal, but SQLite does not keep the sign while bytes of values would.
    """
    columns = replace(columns, value=columns.value + 0.0)
    rules, latest_us = rules_for([tag.definition for tag in tags]), limit_us(now)
    while len(columns):
        served, columns = next_timelines(tags, columns)
        runs = served.timelines.runs()
        verdicts = judge(served.timelines, runs, rules)
        recent = recent_of(served.timelines, runs)
        written = store(tags, served.timelines, verdicts, recent, clocks)
        mark_ahead(tags, written, latest_us)
        yield served, written
        if len(columns):  # the values are no longer the recent ones
            tags = [replace(tag, recent_values=None) for tag in tags]
