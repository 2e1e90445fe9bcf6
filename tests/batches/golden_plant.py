"""A vessel with complete golden batches, stored as readings."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Batch, Recipe, Tag, Vessel

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
GROWTH_MINUTES, FEED_MINUTES = 60, 40
TAGS = {"v_temp": ("temperature", "°C"), "v_do": ("dissolved_oxygen", "%"), "v_base": ("base_total", "mL")}


def make_vessel() -> Vessel:
    vessel = Vessel.objects.create(name="v1", made_at=NOON)
    for name, (role, unit) in TAGS.items():
        tag = Tag.objects.create(name=name, unit=unit, valid_min=-1e6, valid_max=1e6)
        vessel.bindings.create(tag=tag, role=role)
    return vessel


def make_recipe() -> Recipe:
    recipe = Recipe.objects.create(name="fed-batch", made_at=NOON, made_by="ann")
    for position, name in enumerate(("growth", "feed"), 1):
        recipe.phases.create(position=position, name=name)
    return recipe


def make_batch(vessel: Vessel, number: int, recipe: Recipe | None = None, offset: float = 0.0) -> Batch:
    """A golden batch of 100 minutes, each on its own day; ``offset`` is added to the DO of the feed phase."""
    start = NOON + timedelta(days=number)
    batch = Batch.objects.create(
        vessel=vessel,
        recipe=recipe,
        name=f"b{number}",
        state="complete",
        start=start,
        inoculated_at=start,
        end=start + (GROWTH_MINUTES + FEED_MINUTES) * MINUTE,
        is_golden=True,
        changed_at=start,
    )
    middle = start + GROWTH_MINUTES * MINUTE
    batch.phases.create(position=1, name="growth", start=start, end=middle)
    batch.phases.create(position=2, name="feed", start=middle, end=batch.end)
    store(start, courses(number, offset))
    return batch


def courses(number: int, offset: float) -> dict[str, Sequence[float]]:
    """The values a minute of each tag."""
    random = np.random.default_rng(number)
    minute = np.arange(GROWTH_MINUTES + FEED_MINUTES)
    white = random.standard_normal((3, len(minute)))
    grown = np.exp(minute / 20)
    oxygen = 95 - minute * 0.8 + offset * (minute >= GROWTH_MINUTES) + 0.3 * white[1]
    found = {"v_temp": 37 + 0.02 * white[0], "v_do": oxygen, "v_base": 1000 * number + grown}
    return {name: values.round(4).tolist() for name, values in found.items()}


def store(start: datetime, values: dict[str, Sequence[float]]) -> None:
    """Store the values, one a minute."""
    ingest_readings(
        [
            {"timestamp": (start + minute * MINUTE).isoformat(), "tag": tag, "value": value}
            for tag, column in values.items()
            for minute, value in enumerate(column)
        ]
    )
