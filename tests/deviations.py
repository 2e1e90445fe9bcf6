"""Deviations of batches, and the answers of the API about them, made without watching."""

import math
from datetime import datetime, timedelta
from typing import Any

from monitoring.models import Batch, BatchWatch, Deviation, Profile

NAMES = ("oxygen transfer", "heat", "base", "CO2", "carbon fed", "weight")
PROBES = ("DO probe", "temperature probe", "pH probe", "off-gas CO2", "feed", "scale")
CHANNELS = (
    ("do", "Dissolved oxygen", "fermenter_temp", "E", 2.4, 5.1),
    ("rK", "O2 uptake by kLa and DO, against the gas balance", None, "S", 1.6, -3.2),
    ("rpm", "Agitation", "agitator_rpm", "I", 0.9, 2.0),
)
SENTENCE = "Dissolved oxygen too high: 2.4 times its limit."
PROBE = "5 of 6 independent estimates agree; only the DO probe says 23 % more."


def verdict(
    says: str = "probe", sentence: str = PROBE, *, is_shown: bool = True, missing: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A verdict as the API tells it: the first estimate differs, the last two are not known."""
    estimates = [
        {
            "name": name,
            "title": title,
            "probe": probe,
            "difference": 0.23 if place == 0 else 0.01,
            "agrees": None if place > 3 else place > 0,
            "needs": ["weight"] if place > 3 else [],
            "sentence": "Differs: 23 % more." if place == 0 else "As usual: 1 % more.",
        }
        for place, (name, title, probe) in enumerate(
            zip(("rK", "rH", "rB", "rQ", "rF", "rW"), NAMES, PROBES, strict=True)
        )
    ]
    shown = {"evidence": 40.0, "is_shown": is_shown, "missing": list(missing), "estimates": estimates}
    return {"says": says, "about": "do", "sentence": sentence, "at": None, **shown}


def contributions() -> list[dict[str, Any]]:
    """Channels with their ratios, the largest first."""
    names = ("channel", "title", "tag", "family", "ratio", "statistic")
    return [dict(zip(names, each, strict=True)) | {"unit": "%"} for each in CHANNELS]


def add_profile(at: datetime) -> Profile:
    """A profile without contents, of no recipe, so that only a result of watching can name it."""
    return Profile.objects.create(name="fed-batch", version=1, curves=b"", made_at=at)


def watched(
    batch: Batch, score: float | None, *, upto: datetime, profile: Profile | None = None, message: str = ""
) -> BatchWatch:
    """The newest result of watching a batch."""
    return BatchWatch.objects.create(
        batch=batch, score=score, upto=upto, profile=profile, message=message, changed_at=upto
    )


def add_deviation(batch: Batch, start: datetime, end: datetime | None = None, **more: Any) -> Deviation:
    """A deviation, largest ten minutes after its start."""
    given = {
        "peak_at": start + timedelta(minutes=10),
        "score": 2.4,
        "contributions": contributions(),
        "sentence": SENTENCE,
        "verdict": verdict(),
        "revision": 1,
        "changed_at": start,
    }
    return Deviation.objects.create(batch=batch, start=start, end=end, **(given | more))


def watch_answer(start: datetime, minutes: int, *, from_minute: int) -> dict[str, Any]:
    """The answer of ``/batches/<id>/watch``: the score rises above its limit at ``from_minute``."""
    first = int(start.timestamp() * 1000)
    score = [
        round(
            0.35
            + 0.15 * math.sin(i / 17)
            + (2.0 * (1 - math.exp((from_minute - i) / 40)) if i > from_minute else 0),
            3,
        )
        for i in range(minutes)
    ]
    families = {
        letter: [
            round(value * (1 - 0.22 * place * (1 + math.sin(i / (9 + place))) / 2), 3)
            for i, value in enumerate(score)
        ]
        for place, letter in enumerate("ESLI")
    }
    return {
        "message": "",
        "resolution_s": 60,
        "limit": 1.0,
        "t": [first + 60_000 * i for i in range(minutes)],
        "score": score,
        "families": families,
        "t2": {"value": [18 * value for value in score], "limit": 28.0},
        "spe": {"value": [11 * value for value in score], "limit": 15.0},
    }


def contributions_answer(at: str) -> dict[str, Any]:
    """The answer of ``/batches/<id>/watch/contributions``."""
    found = [each | {"value": 41.2, "usual": 30.0} for each in contributions()]
    return {"at": at, "eft_h": 1.5, "score": 2.4, "sentence": SENTENCE, "contributions": found}
