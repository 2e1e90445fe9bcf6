"""Map the fields of lines to tags: by the rules of the source, or by a tag that has the name already.

A database or bucket that clients name is a source; it is made when the first line comes. A field that matches
the name of a tag gets a rule of its own, unless another address feeds the tag: two sensors never share a tag
by accident. Other fields are recorded as points, for a person to make tags from.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Count, F, Max

from monitoring.database.write_lock import write_lock
from monitoring.kernel.outages import outages
from monitoring.kernel.runtime import part
from monitoring.models import PointState, Source, SourceMapping, SourcePoint, Tag
from monitoring.models.source import MOST_POINTS
from monitoring.sources.config import MappingRule
from monitoring.sources.line_protocol.grammar import Fault, Line, Value, series_of
from monitoring.sources.line_protocol.kind import PROTOCOL
from monitoring.sources.line_protocol.naming import candidates, suggestion_for
from monitoring.sources.line_protocol.points import UnmappedField
from monitoring.sources.loading import rule_of
from monitoring.sources.points import NEW_A_SECOND
from monitoring.sources.suggesting import tag_name

REFRESHED_EVERY_S = 2.0
MOST_SOURCES = 20
MOST_SERIES = 20_000  # remembered of a source
MOST_NEW_POINTS = 200  # at once
COMMON, COMMON_NAME = "*", "line_protocol"


class Target(NamedTuple):
    """The tag of a field; ``rule`` is set if values are to be scaled."""

    tag: str
    rule: MappingRule | None


# The use of a field: a tag, a point to record, or nothing (a person ignores the point).
Use = Target | UnmappedField | None
NO_USES: Mapping[str, Use] = MappingProxyType({})


@dataclass(eq=False)
class Database:
    """A source of line protocol as this process knows it, at one revision."""

    id: int
    name: str
    is_enabled: bool
    uses_receive_time: bool
    revision: int
    rules: dict[str, MappingRule]
    points: dict[str, UnmappedField]
    ignored: set[str]
    by_series: dict[str, dict[str, Use]] = field(default_factory=dict)
    room_for_new: float = MOST_NEW_POINTS
    counted_at: float = field(default_factory=time.monotonic)

    def may_add_point(self) -> bool:
        """Return whether a new point is recorded now, and count it."""
        now = time.monotonic()
        gained = (now - self.counted_at) * NEW_A_SECOND
        self.room_for_new = min(MOST_NEW_POINTS, self.room_for_new + gained)
        self.counted_at = now
        if self.room_for_new < 1 or len(self.points) >= MOST_POINTS:
            return False
        self.room_for_new -= 1
        return True


class Mapped(NamedTuple):
    """Readings for the write path, the number of the line of each, and lines that tags cannot take."""

    items: list[dict[str, Any]]
    numbers: list[int]
    faults: list[Fault]
    points: list[UnmappedField]


class Databases:
    """The sources of line protocol of this process, by the name that clients give."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = -REFRESHED_EVERY_S
        self._by_name: dict[str, Database] = {}
        self._tags_mark: object = None
        self.tags: frozenset[str] = frozenset()

    def find(self, name: str) -> Database:
        """Return the source for a database or bucket; make it for a new name.

        Raises:
            django.db.Error: the database is away, and this process has not read the source before.
        """
        known = self._by_name.get(name)
        try:
            self._refresh_if_old()
        except DatabaseError:
            if known is None:
                raise
            return known
        found = self._by_name.get(name)
        if found is None:
            kept = make_source(name)
            self._refresh()
            found = self._by_name[kept]
        return found

    def names(self) -> list[str]:
        """Return the databases that clients have named.

        Raises:
            django.db.Error: the database is away.
        """
        self._refresh_if_old()
        return sorted(set(self._by_name) - {COMMON})

    def _refresh_if_old(self) -> None:
        """Read changes at intervals; while readings cannot be stored, go on with what is known."""
        is_known_outage = outages().storing.since is not None and self._by_name
        if time.monotonic() - self._read_at > REFRESHED_EVERY_S and not is_known_outage:
            self._refresh()

    def _refresh(self) -> None:
        """Read sources that have changed, and the names of tags if there are new ones."""
        with self._lock:
            self._read_at = time.monotonic()
            mark = Tag.objects.aggregate(newest=Max("id"), number=Count("id"))
            if mark != self._tags_mark:
                self.tags = frozenset(Tag.objects.values_list("name", flat=True))
                for database in self._by_name.values():
                    database.by_series = {}
                self._tags_mark = mark
            known = {database.id: database for database in self._by_name.values()}
            rows = Source.objects.filter(protocol=PROTOCOL).order_by("-pk")
            self._by_name = {
                str(row.settings.get("database", "")): up_to_date(known.get(row.pk), row) for row in rows
            }


def databases() -> Databases:
    """Return the sources of line protocol of this process."""
    return part(Databases)


def up_to_date(known: Database | None, row: Source) -> Database:
    """Return the source as stored; the one that is known if nothing has changed."""
    if known is not None and (known.revision, known.is_enabled) == (row.revision, row.is_enabled):
        return known
    points = dict(SourcePoint.objects.filter(source=row).values_list("address", "state"))
    return Database(
        id=row.pk,
        name=row.name,
        is_enabled=row.is_enabled,
        uses_receive_time=row.uses_receive_time,
        revision=row.revision,
        rules={mapping.address: rule_of(mapping) for mapping in row.mappings.all()},
        points={address: UnmappedField(row.pk, address, is_stored=True) for address in points},
        ignored={address for address, state in points.items() if state == PointState.IGNORED},
    )


def make_source(database: str) -> str:
    """Make the source for a database, or beyond ``MOST_SOURCES`` the common one.

    Return the database of the source that takes the lines.
    """
    with write_lock(), transaction.atomic():
        sources = Source.objects.filter(protocol=PROTOCOL)
        taken = {str(settings.get("database")) for settings in sources.values_list("settings", flat=True)}
        if database in taken:
            return database
        if len(taken) >= MOST_SOURCES:
            database = COMMON
            if COMMON in taken:
                return COMMON
        name = COMMON_NAME if database == COMMON else tag_name(database) or COMMON_NAME
        Source.objects.create(
            name=free_name(name),
            protocol=PROTOCOL,
            settings={"database": database},
            is_enabled=True,
            changed_at=datetime.now(UTC),
        )
    return database


def free_name(name: str) -> str:
    """Return the name, with a number if another source has the name."""
    taken = set(Source.objects.values_list("name", flat=True))
    numbered = (f"{name[:60]}_{number}" for number in range(2, len(taken) + 3))
    return next(each for each in (name, *numbered) if each not in taken)


def map_lines(
    database: Database,
    lines: Sequence[Line],
    *,
    now_us: int,
    stamped: Counter[str],
    covers: Callable[[str], bool],
) -> Mapped:
    """Return the readings of lines.

    ``stamped`` counts the readings of each tag in the request that got the time of receipt; ``covers`` tells
    whether the caller may write a tag of this name.

    Raises:
        django.db.Error: the database is away, and a field is new to this process.
    """
    by_series = learn_uses(database, lines, covers=covers)
    found = Mapped([], [], [], [])
    points: dict[UnmappedField, None] = {}
    for number, series, fields, given_us in lines:
        uses = by_series.get(series, NO_USES)
        for name, value in fields:
            use = uses.get(name)
            if isinstance(use, UnmappedField):
                use.note(value, now_us)
                points[use] = None
            elif use is not None and isinstance(value, str):
                found.faults.append(Fault(number, f"{series} {name}", text_fault(name, use.tag)))
            elif use is not None:
                time_us = given_us
                if time_us is None or database.uses_receive_time:
                    # Values of one tag get consecutive microseconds, so that none collides with another.
                    time_us = now_us + stamped[use.tag]
                    stamped[use.tag] += 1
                sent = use.rule.scaled(float(value)) if use.rule else float(value)
                found.items.append({"timestamp": time_us / 1e6, "tag": use.tag, "value": sent})
                found.numbers.append(number)
    found.points.extend(points)
    return found


def text_fault(name: str, tag: str) -> str:
    """Return the message for a text where the tag needs a number."""
    return f"field '{name}': {tag} needs a number, got text"


def learn_uses(
    database: Database, lines: Sequence[Line], *, covers: Callable[[str], bool]
) -> Mapping[str, Mapping[str, Use]]:
    """Return the uses of fields by series, after a look for those that this process does not know yet.

    Other threads may begin a new mapping meanwhile; the one returned has the fields of these lines.
    """
    if len(database.by_series) > MOST_SERIES:
        database.by_series = {}
    by_series = database.by_series
    new: dict[tuple[str, str], Value] = {
        (line.series, name): value
        for line in lines
        for name, value in line.fields
        if name not in by_series.get(line.series, NO_USES)
    }
    if not new:
        return by_series
    addresses = {each: series_of(each[0]).address(each[1]) for each in new}
    claim_tags(database, addresses, covers=covers)
    for each, value in new.items():
        series, name = each
        address = addresses[each]
        rule = database.rules.get(address)
        if rule is not None:
            is_scaled = (rule.factor, rule.offset) != (1.0, 0.0)
            by_series.setdefault(series, {})[name] = Target(rule.tag, rule if is_scaled else None)
        elif address in database.ignored:
            by_series.setdefault(series, {})[name] = None
        elif address in database.points or database.may_add_point():
            suggestion = suggestion_for(series_of(series), name, value)
            point = database.points.setdefault(address, UnmappedField(database.id, address, suggestion))
            by_series.setdefault(series, {})[name] = point
    return by_series


def claim_tags(
    database: Database, addresses: Mapping[tuple[str, str], str], *, covers: Callable[[str], bool]
) -> None:
    """Make rules for addresses that have the name of a tag which no other address feeds."""
    tags = databases().tags
    wanted: dict[str, str] = {}
    for (series, name), address in addresses.items():
        if address not in database.rules and address not in database.ignored:
            names = candidates(series_of(series), name)
            tag = next((each for each in names if each in tags and covers(each)), None)
            if tag is not None:
                wanted[address] = tag
    if wanted and not set(wanted.values()) <= set(fed_tags(wanted.values())):
        database.rules |= make_rules(database, wanted)


def fed_tags(tags: Iterable[str]) -> Iterable[str]:
    """Return those of the tags that a rule of any source feeds."""
    return SourceMapping.objects.filter(tag__in=set(tags)).values_list("tag", flat=True)


def make_rules(database: Database, wanted: Mapping[str, str]) -> dict[str, MappingRule]:
    """Store a rule for each address whose tag is free; return the new rules by address."""
    now = datetime.now(UTC)
    made: dict[str, MappingRule] = {}
    with write_lock(), transaction.atomic():
        # The locks of the tags keep two processes from giving one tag to two addresses.
        list(Tag.objects.select_for_update().filter(name__in=wanted.values()).order_by("name"))
        taken = set(fed_tags(wanted.values()))
        for address, tag in wanted.items():
            if tag not in taken:
                taken.add(tag)
                mapping, _ = SourceMapping.objects.get_or_create(
                    source_id=database.id, address=address, value_pointer="", defaults={"tag": tag}
                )
                made[address] = rule_of(mapping)
                SourcePoint.objects.update_or_create(
                    source_id=database.id,
                    address=address,
                    defaults={"state": PointState.MAPPED, "last_seen": now},
                    create_defaults={"state": PointState.MAPPED, "first_seen": now, "last_seen": now},
                )
        if made:
            Source.objects.filter(pk=database.id).update(revision=F("revision") + 1, changed_at=now)
    return made
