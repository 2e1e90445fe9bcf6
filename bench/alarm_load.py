"""Evaluate the alarms of a load, second by second, in its own process: python -m bench.alarm_load LOAD."""

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fermon_site.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from monitoring.alarms import kpis  # noqa: E402
from monitoring.alarms.evaluator import Evaluator  # noqa: E402
from monitoring.ingest.columns import Batch  # noqa: E402
from monitoring.ingest.pipeline import ingest_columns  # noqa: E402
from monitoring.kernel.clock import SECOND_US, to_micros  # noqa: E402
from monitoring.models import (  # noqa: E402
    AlarmDefinition,
    AlarmJournalEntry,
    AlarmOccurrence,
    AlarmState,
    Tag,
)

# With a connection of its own, as in the plant: the evaluator notices only what others have written.
WRITER = ThreadPoolExecutor(1)
INSIDE, OUTSIDE = 5.0, 12.0
FLOOD_TAGS, FLOOD_S = 2_000, 60
MANY_TAGS, STEADY_S, EXCURSION_S = 10_000, 30, 12
Figures = dict[str, float]


@dataclass(slots=True)
class Evaluated:
    """Seconds that the evaluator took for each second of readings: on the clock, and of the processor."""

    elapsed_s: list[float]
    processor_s: list[float]


def flood() -> Figures:
    """Let 1,000 alarms become active and 1,000 return in each second of a minute."""
    names = make_tags(FLOOD_TAGS)
    AlarmDefinition.objects.bulk_create(
        AlarmDefinition(tag=tag, kind="H", on_delay_s=0, off_delay_s=0) for tag in Tag.objects.all()
    )
    evaluator = begun()
    half = np.arange(FLOOD_TAGS) % 2
    took = live(evaluator, names, FLOOD_S, lambda second: np.where(half == second % 2, OUTSIDE, INSIDE))
    return {
        "alarms": AlarmOccurrence.objects.count(),
        "transitions": AlarmJournalEntry.objects.count(),
        "elapsed_s": sum(took.elapsed_s),
        "processor_s": sum(took.processor_s),
        "slowest_s": max(took.elapsed_s),
    }


def steady() -> Figures:
    """Evaluate 10,000 healthy readings a second; then let all 10,000 tags leave their limit at once."""
    names = make_tags(MANY_TAGS)
    evaluator = begun()
    noise = np.random.default_rng(7)
    healthy = live(evaluator, names, STEADY_S, lambda _: INSIDE + noise.normal(size=MANY_TAGS) / 10)
    outside = live(evaluator, names, EXCURSION_S, lambda _: np.full(MANY_TAGS, OUTSIDE), after_s=STEADY_S)
    return {
        "healthy_share": sum(healthy.processor_s) / STEADY_S,
        "flood_s": sum(outside.elapsed_s),
        "flood_processor_s": sum(outside.processor_s),
        "active": AlarmState.objects.filter(is_active=True).count(),
    }


def day() -> Figures:
    """Evaluate a day of the simulator: the alarms of values and gaps, by the time of the data."""
    evaluator = begun()
    WRITER.submit(call_command, "generate_history", "--days", "1", verbosity=0).result()
    evaluate(evaluator)
    found = AlarmOccurrence.objects.filter(is_annunciated=True, definition__kind__in=("H", "L", "BAD"))
    rows = [
        kpis.Annunciation(key, to_micros(at), to_micros(at), None, None, "")
        for key, at in found.values_list("definition", "active_at")
    ]
    at_us = sorted(row.active_us for row in rows)
    return {
        "alarms": len(rows),
        "late": AlarmOccurrence.objects.filter(is_late=True).count(),
        "chattering": len(kpis.chattering(rows, count=3, within_us=60 * SECOND_US)),
        "floods": len(kpis.floods(at_us)),
        "closest_s": min(((after - before) / SECOND_US for before, after in pairwise(at_us)), default=0),
    }


def make_tags(count: int) -> list[str]:
    """Make tags with an upper and a lower limit that take long to become stale, and no others."""
    Tag.objects.update(active=False)
    Tag.objects.bulk_create(
        Tag(
            name=f"bench_{number:05}",
            group=f"vessel {number // 100}",
            **{"valid_min": -10, "valid_max": 20, "lower_limit": 0, "upper_limit": 10, "stale_after_s": 3600},
        )
        for number in range(count)
    )
    return list(Tag.objects.filter(active=True).order_by("name").values_list("name", flat=True))


def begun() -> Evaluator:
    """Return an evaluator that has written the standard definitions."""
    evaluator = Evaluator()
    evaluate(evaluator)
    return evaluator


def live(
    evaluator: Evaluator, names: list[str], seconds: int, values: Callable[[int], object], *, after_s: int = 0
) -> Evaluated:
    """Store a reading a second of each tag; time the evaluator alone, after each second."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    index, found = np.arange(len(names)), Evaluated([], [])
    for second in range(after_s, after_s + seconds):
        at_us = np.full(len(names), to_micros(began + timedelta(seconds=second)))
        batch = Batch(index, index, at_us, np.asarray(values(second), dtype=np.float64))
        WRITER.submit(ingest_columns, names, batch).result()
        elapsed_s, processor_s = evaluate(evaluator)
        found.elapsed_s.append(elapsed_s)
        found.processor_s.append(processor_s)
    return found


def evaluate(evaluator: Evaluator) -> tuple[float, float]:
    """Evaluate all that is stored; return the seconds on the clock and of the processor."""
    began, used = time.perf_counter(), time.process_time()
    while evaluator.step():
        pass
    return time.perf_counter() - began, time.process_time() - used


if __name__ == "__main__":
    print(json.dumps({"flood": flood, "steady": steady, "day": day}[sys.argv[1]]()))
