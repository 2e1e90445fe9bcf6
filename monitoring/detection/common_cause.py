"""One event for what has one cause: tags that fall silent together, and are heard of together again."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from monitoring.models import Event as EventRow

SILENCE = "missing"
FEWEST = 3  # tags; two may fall silent together by chance
# Between the starts, or the ends, of two silences with one cause: tags report at different intervals.
START_WITHIN = timedelta(seconds=10)
END_WITHIN = timedelta(seconds=15)
LOOKED_AT = timedelta(minutes=1)  # around the changed events


def causes_changed(starts: Sequence[datetime], *, now: datetime) -> list[EventRow]:
    """Group the stored silences around these starts, and return those that changed, without saving them.

    In each group the first event stands for the others. A tag that stays silent when the others are heard of
    again leaves the group.
    """
    rows = EventRow.objects.filter(
        detector=SILENCE, start__gte=min(starts) - LOOKED_AT, start__lte=max(starts) + LOOKED_AT
    ).order_by("start", "id")
    changed = []
    for together in chains(list(rows), "start", START_WITHIN):
        for group in by_end(together, now):
            lead, *others = sorted(group, key=lambda row: (not row.others, row.pk))
            is_one = len({row.tag_id for row in group}) >= FEWEST
            changed += linked(lead, None, len(others) if is_one else 0)
            for row in others:
                changed += linked(row, lead.pk if is_one else None, 0)
    return changed


def by_end(rows: Sequence[EventRow], now: datetime) -> list[list[EventRow]]:
    """Return the events that end together, or are all open, as groups.

    An open event belongs to a group that has just ended: the tag may be about to be heard of again.
    """
    still_open = [row for row in rows if row.end is None]
    ended = sorted((row for row in rows if row.end is not None), key=lambda row: row.end or now)
    groups = list(chains(ended, "end", END_WITHIN))
    if groups and still_open and now - (groups[-1][-1].end or now) <= END_WITHIN:
        groups[-1] += still_open
    elif still_open:
        groups.append(still_open)
    return groups


def chains(rows: Sequence[EventRow], name: str, within: timedelta) -> Iterable[list[EventRow]]:
    """Yield the rows, ordered by the time in an attribute, cut where neighbours are further apart."""
    cuts = [0]
    for index, (one, other) in enumerate(pairwise(rows), 1):
        if getattr(other, name) - getattr(one, name) > within:
            cuts.append(index)
    yield from (list(rows[start:stop]) for start, stop in pairwise([*cuts, len(rows)]) if stop > start)


def linked(row: EventRow, part_of: int | None, others: int) -> list[EventRow]:
    """Set the link of an event; return the event if this is a change."""
    if (row.part_of, row.others) == (part_of, others):
        return []
    row.part_of, row.others = part_of, others
    return [row]
