"""THE write path. Whatever feeds Fermon ends here."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from django.db import transaction

from monitoring.domain.clock import to_micros
from monitoring.domain.columns import ReadingColumns, named_tags, validate
from monitoring.domain.crash_points import crash_point
from monitoring.domain.detectors import rules_for
from monitoring.domain.timeline import judge
from monitoring.ingest.outcomes import Outcomes
from monitoring.ingest.refusals import refused, remember_refusals
from monitoring.ingest.store import Judged, Written, store
from monitoring.ingest.tags import LockedTag, all_names, keep_definitions_known, lock_tags
from monitoring.ingest.windows import next_timeline, take


def ingest_readings(
    items: Sequence[object], *, source: str | None = None, now: datetime | None = None
) -> Outcomes:
    """Validates, judges and stores what a source sent; one outcome an item, in order.

    All that is valid is committed when this returns, each tag and time once, however often and
    in whatever order it comes. Flags equal those of the same readings come one by one in time.
    What is refused is remembered together with its source (unless that is None).

    Raises:
        django.db.Error: the database did not take it; nothing of it is stored.
    """
    now = now or datetime.now(UTC)
    keep_definitions_known()
    names = named_tags(items)
    crash_point("ingest.before_transaction")
    with transaction.atomic():
        tags = lock_tags(names)
        definitions = {name: tag.definition for name, tag in tags.items()}
        known = definitions if len(tags) == len(names) else all_names()
        columns, rejections = validate(items, definitions, now=now, known=known)
        outcomes = Outcomes(len(items))
        outcomes.refuse(rejections)
        for name, served, written in add(columns, tags):
            outcomes.add(name, served, written)
        if source is not None:
            remember_refusals(source, refused(items, outcomes), now=now)
        crash_point("ingest.before_commit")
    return outcomes


def ingest_columns(columns: Mapping[str, ReadingColumns]) -> int:
    """Judges and stores readings by tag that are valid as they are; how many of them are new.

    Those of tags that don't exist, and of the deleted past, are left out.

    Raises:
        django.db.Error: as ``ingest_readings``.
    """
    with transaction.atomic():
        tags = lock_tags(columns)
        kept = {name: since(columns[name], tag.definition.raw_from) for name, tag in tags.items()}
        filled = {name: of_tag for name, of_tag in kept.items() if len(of_tag.time_us)}
        return sum(int(written.timeline.is_new.sum()) for _, _, written in add(filled, tags))


def since(columns: ReadingColumns, moment: datetime | None) -> ReadingColumns:
    """The readings from this moment on; all of them if it is None."""
    return columns if moment is None else take(columns, columns.time_us >= to_micros(moment))


def add(
    columns: Mapping[str, ReadingColumns], tags: Mapping[str, LockedTag]
) -> Iterator[tuple[str, ReadingColumns, Written]]:
    """Judges and stores each tag's readings, oldest first; tag, readings, and where they have their place."""
    waiting = dict(columns)
    while waiting:
        judged: dict[str, Judged] = {}
        served: dict[str, ReadingColumns] = {}
        for name, new in waiting.items():
            timeline, served[name], waiting[name] = next_timeline(tags[name], new)
            verdicts = judge(timeline, rules_for(tags[name].definition))
            judged[name] = Judged(tags[name], timeline, verdicts)
        for name, written in store(judged).items():
            yield name, served[name], written
        waiting = {name: rest for name, rest in waiting.items() if len(rest.time_us)}
