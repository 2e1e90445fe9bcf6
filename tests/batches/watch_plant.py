"""A vessel with golden batches and a running one, stored as readings, to be watched."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from monitoring.batches.golden.freezing import NewProfile, freeze
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.actor import Actor
from monitoring.models import Batch, Profile, Recipe, Tag, Vessel

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
ANN = Actor("ann", "login")
GROWTH_MINUTES, MINUTES = 80, 150
FAULT, RECOVERY = 100, 125  # minutes in which the probe of DO is wrong
TAGS = {
    "w.temp": ("temperature", "°C"),
    "w.do": ("dissolved_oxygen", "%"),
    "w.base": ("base_total", "mL"),
    "w.colour": ("other", ""),
}
GOLDEN = (1, 2, 3)
RUNNING = 10
START = NOON + RUNNING * DAY


def make_plant() -> Batch:
    """Make the vessel, golden batches with their profile, and a running batch without values; return it."""
    vessel = Vessel.objects.create(name="w", made_at=NOON)
    for name, (role, unit) in TAGS.items():
        tag = Tag.objects.create(name=name, unit=unit, valid_min=-1e6, valid_max=1e6)
        vessel.bindings.create(tag=tag, role=role)
    recipe = Recipe.objects.create(name="fed-batch", made_at=NOON, made_by="ann")
    golden = [make_batch(vessel, recipe, number) for number in GOLDEN]
    for number in GOLDEN:
        store(number, courses(number))
    freeze(NewProfile("p", [batch.pk for batch in golden]), actor=ANN)
    return make_batch(vessel, recipe, RUNNING, is_running=True)


def make_batch(vessel: Vessel, recipe: Recipe, number: int, *, is_running: bool = False) -> Batch:
    """Make a batch that starts on its own day."""
    start = NOON + number * DAY
    end = None if is_running else start + MINUTES * MINUTE
    batch = Batch.objects.create(
        vessel=vessel,
        recipe=recipe,
        name=f"w{number}",
        state="running" if is_running else "complete",
        start=start,
        inoculated_at=start,
        end=end,
        is_golden=not is_running,
        changed_at=start,
    )
    middle = start + GROWTH_MINUTES * MINUTE
    batch.phases.create(position=1, name="growth", start=start, end=middle)
    batch.phases.create(position=2, name="feed", start=middle, end=end)
    return batch


def courses(number: int, *, fault: float = 0.0, recovery: int = RECOVERY) -> dict[str, list[float]]:
    """The values a minute of each tag; ``fault`` is added to the DO until ``recovery``."""
    random = np.random.default_rng(number)
    minute = np.arange(MINUTES)
    white = random.standard_normal((4, MINUTES))
    grown = np.exp(minute / 30)
    is_faulty = (minute >= FAULT) & (minute < recovery)
    found = {
        "w.temp": 37 + 0.05 * white[0],
        "w.do": 90 - 0.3 * minute + white[1] + fault * is_faulty,
        "w.base": 1_000 * number + grown,
        "w.colour": np.sqrt(grown) + 0.05 * white[3],
    }
    return {name: values.round(3).tolist() for name, values in found.items()}


def store(number: int, values: Mapping[str, list[float]], minutes: range = range(MINUTES)) -> None:
    """Store the values of some minutes."""
    start = NOON + number * DAY
    readings = [
        {"timestamp": (start + minute * MINUTE).isoformat(), "tag": tag, "value": column[minute]}
        for tag, column in values.items()
        for minute in minutes
    ]
    ingest_readings(readings)


def profile() -> Profile:
    return Profile.objects.get()
