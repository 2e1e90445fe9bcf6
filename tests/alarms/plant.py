"""A plant whose clock the test moves: readings are stored and evaluated at its time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.alarms.evaluator import Evaluator
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import AlarmOccurrence, Tag

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TEMP, PH = "fermenter_temp", "fermenter_ph"


class Plant:
    """An evaluator with a clock of its own: seconds after noon. The two clocks move together."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        self.monotonic_ahead_s = 1000.0
        self.troubles: dict[str, str] = {}
        self.evaluator = self.another()
        monkeypatch.setattr("time.monotonic", lambda: self.now_s + self.monotonic_ahead_s)

    @property
    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.now_s)

    def another(self) -> Evaluator:
        """Another process."""
        return Evaluator(lambda: self.troubles)

    def restart(self) -> None:
        """Goes on with another process, after the first was killed."""
        self.evaluator.leave = lambda: None  # type: ignore[method-assign]
        owner, self.evaluator = self.evaluator.owner, self.another()
        self.evaluator.owner = owner  # so that the lease need not expire

    def store(self, values: Sequence[float], first: float, tag: str = TEMP) -> None:
        """Stores a reading a second."""
        ingest_readings(
            [
                {
                    "timestamp": (NOON + timedelta(seconds=first + place)).isoformat(),
                    "tag": tag,
                    "value": value,
                }
                for place, value in enumerate(values)
            ],
            source="a test",
            now=self.now,
        )

    def run(self) -> None:
        """Evaluates all that is stored, and looks at the clock."""
        if hasattr(self.evaluator.watch, "_seen"):  # the test writes through SQLite's same connection
            self.evaluator.watch._seen = None
        while self.evaluator.step(self.now):
            pass

    def live(self, values: Sequence[float], *, tag: str = TEMP) -> None:
        """Stores a reading a second from the next one on, and evaluates each when it comes."""
        for value in values:
            self.now_s += 1
            self.store([value], self.now_s, tag)
            self.run()

    def live_all(self, seconds: int, values: Mapping[str, float]) -> None:
        """Stores a reading a second of several tags."""
        for _ in range(seconds):
            self.now_s += 1
            small = self.now_s % 7 / 1000
            items = [
                {"timestamp": self.now.isoformat(), "tag": tag, "value": value + small}
                for tag, value in values.items()
            ]
            ingest_readings(items, source="a test", now=self.now)
            self.run()

    def pass_time(self, seconds: float) -> None:
        """Lets seconds pass without readings."""
        for _ in range(int(seconds)):
            self.now_s += 1
            self.run()


def at(moment: datetime | None) -> float | None:
    """The seconds after noon."""
    return None if moment is None else (moment - NOON).total_seconds()


def occurrences(
    kind: str = "H", tag: str | None = TEMP, *, is_late: bool = False
) -> list[tuple[float | None, float | None]]:
    """When each occurrence began and ended, in seconds after noon."""
    rows = AlarmOccurrence.objects.filter(definition__kind=kind, is_late=is_late)
    if tag is not None:
        rows = rows.filter(definition__tag__name=tag)
    return [(at(row.active_at), at(row.cleared_at)) for row in rows.order_by("active_at")]


def make_tags(count: int, group: str) -> list[str]:
    """Makes tags with limits 0 to 10 in a group."""
    names = [f"{group}_{number}" for number in range(count)]
    Tag.objects.bulk_create(
        Tag(name=name, group=group, valid_min=-10, valid_max=20, lower_limit=0, upper_limit=10)
        for name in names
    )
    return names
