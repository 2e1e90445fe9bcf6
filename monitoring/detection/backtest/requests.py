"""Requested backtests: the queue, the one in progress, and the results."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from monitoring.detection.monitor import DetectionSettings
from monitoring.models import Backtest

# A worker that has not renewed its claim for this long is considered dead.
GONE_AFTER = timedelta(seconds=15)
MOST_WAITING = 5
KEPT = 100


class CrowdedError(Exception):
    """Too many backtests wait: a new one would take minutes."""


@dataclass(frozen=True, slots=True)
class Question:
    """Settings to try on a tag, over the last ``days`` or from ``start`` to ``end``."""

    tag: str
    settings: DetectionSettings
    days: str = ""
    start: str = ""
    end: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the question as stored."""
        return {
            "tag": self.tag,
            "off": sorted(self.settings.off),
            "on": sorted(self.settings.on),
            "sensitivity": self.settings.sensitivity,
            "parameters": dict(self.settings.parameters),
            "days": self.days,
            "from": self.start,
            "to": self.end,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """A requested backtest; ``share`` is the progress, ``outcome`` is None until the backtest is over.

    ``question`` has the form of ``Question.as_json``; ``is_begun``: whether a worker has started.
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
        """Return the settings to try.

        Raises:
            SettingError: this version has no such settings any more.
        """
        return DetectionSettings(
            off=frozenset(self.question["off"]),
            sensitivity=self.question["sensitivity"],
            parameters=self.question["parameters"],
            on=frozenset(self.question.get("on", ())),  # older questions have none
        )


def ask(asker: str, question: Question, start: datetime, end: datetime, *, now: datetime) -> None:
    """Store a question in place of the user's previous one.

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
    """Return the user's latest request, or None."""
    row = Backtest.objects.filter(asker=asker).first()
    return asked_of(row) if row else None


def take_next(*, now: datetime) -> Asked | None:
    """Claim the request that has waited longest; None if none waits, or a worker has claimed one."""
    with transaction.atomic():
        # The upper bound ignores a claim that a clock ahead of time has dated.
        if unfinished().filter(renewed_at__gt=now - GONE_AFTER, renewed_at__lt=now + GONE_AFTER).exists():
            return None
        row = unfinished().order_by("asked_at", "pk").first()
        if row is None or not same(row).filter(renewed_at=row.renewed_at).update(renewed_at=now):
            return None
        return asked_of(row)


def renew(asked: Asked, share: float, *, now: datetime) -> bool:
    """Store the progress and renew the claim; return False if the user has asked another question."""
    return bool(same(asked).update(renewed_at=now, share=share))


def finish(asked: Asked, outcome: dict[str, Any]) -> bool:
    """Store the outcome; return False if the user has asked another question."""
    return bool(same(asked).update(share=1.0, outcome=outcome))


def unfinished() -> QuerySet[Backtest]:
    """Return the requests without an outcome."""
    return Backtest.objects.filter(outcome__isnull=True)


def same(asked: Asked | Backtest) -> QuerySet[Backtest]:
    """Return the row of a request, unless the user has asked another question or the backtest is over."""
    return unfinished().filter(pk=asked.pk, asked_at=asked.asked_at)


def asked_of(row: Backtest) -> Asked:
    """Convert a row to a request."""
    is_begun = row.renewed_at is not None
    return Asked(row.pk, row.question, row.start, row.end, row.asked_at, is_begun, row.share, row.outcome)
