"""The backtests that were asked for: which waits, which is worked at, and what came out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from monitoring.detection.monitor import DetectionSettings
from monitoring.models import Backtest

# Whoever worked at one and was not heard of for so long is gone.
GONE_AFTER = timedelta(seconds=15)
MOST_WAITING = 5
KEPT = 100


class CrowdedError(Exception):
    """So many wait already that it would take minutes."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which settings are to be tried on which tag: over the last ``days``, or from ``start`` to ``end``."""

    tag: str
    settings: DetectionSettings
    days: str = ""
    start: str = ""
    end: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "tag": self.tag,
            "off": sorted(self.settings.off),
            "sensitivity": self.settings.sensitivity,
            "parameters": dict(self.settings.parameters),
            "days": self.days,
            "from": self.start,
            "to": self.end,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """A backtest that was asked for; ``share`` of it is done, ``outcome`` is None until it is over.

    ``question`` is as ``Question.as_json`` has it; ``is_begun``: whether anybody has worked at it yet.
    """

    pk: int
    question: dict[str, Any]
    start: datetime
    end: datetime
    asked_at: datetime
    is_begun: bool
    share: float
    outcome: dict[str, Any] | None

    @property
    def settings(self) -> DetectionSettings:
        """The settings to be tried.

        Raises:
            SettingError: there are no such settings any more.
        """
        return DetectionSettings(
            off=frozenset(self.question["off"]),
            sensitivity=self.question["sensitivity"],
            parameters=self.question["parameters"],
        )


def ask(asker: str, question: Question, start: datetime, end: datetime, *, now: datetime) -> None:
    """Puts a question in the place of the asker's last one.

    Raises:
        CrowdedError: too many others wait.
    """
    with transaction.atomic():
        if unfinished().exclude(asker=asker).count() >= MOST_WAITING:
            raise CrowdedError
        fields = {"question": question.as_json(), "start": start, "end": end, "asked_at": now}
        Backtest.objects.update_or_create(
            asker=asker, defaults={**fields, "renewed_at": None, "share": 0.0, "outcome": None}
        )
        kept = Backtest.objects.order_by("-asked_at", "-pk").values_list("pk", flat=True)[:KEPT]
        Backtest.objects.exclude(pk__in=list(kept)).delete()


def last_asked(asker: str) -> Asked | None:
    """What the asker asked last; None if they never did."""
    row = Backtest.objects.filter(asker=asker).first()
    return asked_of(row) if row else None


def take_next(*, now: datetime) -> Asked | None:
    """The one that has waited longest; None if none waits, or somebody is at work: one is at a time."""
    with transaction.atomic():
        # Not one that a clock which was ahead has dated.
        if unfinished().filter(renewed_at__gt=now - GONE_AFTER, renewed_at__lt=now + GONE_AFTER).exists():
            return None
        row = unfinished().order_by("asked_at", "pk").first()
        if row is None or not same(row).filter(renewed_at=row.renewed_at).update(renewed_at=now):
            return None
        return asked_of(row)


def renew(asked: Asked, share: float, *, now: datetime) -> bool:
    """Tells how far it has come; whether it is still wanted: the asker may have asked something else."""
    return bool(same(asked).update(renewed_at=now, share=share))


def finish(asked: Asked, outcome: dict[str, Any]) -> bool:
    """Keeps what came out; whether it was still wanted."""
    return bool(same(asked).update(share=1.0, outcome=outcome))


def unfinished() -> QuerySet[Backtest]:
    """Those that wait or are worked at."""
    return Backtest.objects.filter(outcome__isnull=True)


def same(asked: Asked | Backtest) -> QuerySet[Backtest]:
    """Its row, unless its asker has asked something else since or it is over."""
    return unfinished().filter(pk=asked.pk, asked_at=asked.asked_at)


def asked_of(row: Backtest) -> Asked:
    """The row as others see it."""
    is_begun = row.renewed_at is not None
    return Asked(row.pk, row.question, row.start, row.end, row.asked_at, is_begun, row.share, row.outcome)
