"""Minute values of a vessel by role."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitoring.batches.course import read_course
from monitoring.batches.vessel_roles import ROLES
from monitoring.ingest.pipeline import ingest_readings
from monitoring.models import Tag, Vessel

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def vessels(db: None) -> tuple[Vessel, Vessel]:
    one, other = (Vessel.objects.create(name=name, made_at=NOON) for name in ("v1", "v2"))
    return one, other


def store(tag: str, minutes: range, value: float) -> None:
    ingest_readings(
        [{"timestamp": (NOON + each * MINUTE).isoformat(), "tag": tag, "value": value} for each in minutes]
    )


def test_gaps_stay_gaps_and_a_moved_tag_counts_only_while_bound(vessels: tuple[Vessel, Vessel]) -> None:
    one, other = vessels
    tag = Tag.objects.get(name="fermenter_temp")
    one.bindings.create(tag=tag, role="temperature", end=NOON + 3 * MINUTE)
    other.bindings.create(tag=tag, role="temperature", begin=NOON + 3 * MINUTE)
    store("fermenter_temp", range(6), 37)
    (before,) = read_course(one, NOON, NOON + 7 * MINUTE).channels
    (after,) = read_course(other, NOON, NOON + 7 * MINUTE).channels
    assert np.isfinite(before.mean).tolist() == [True] * 3 + [False] * 4
    assert np.isfinite(after.mean).tolist() == [False] * 3 + [True] * 3 + [False]


def test_tags_of_one_role_follow_each_other_in_one_channel(vessels: tuple[Vessel, Vessel]) -> None:
    vessel = vessels[0]
    for name, begin, end in (("fermenter_temp", None, 2), ("fermenter_ph", 2, None)):
        vessel.bindings.create(
            tag=Tag.objects.get(name=name),
            role="temperature",
            begin=None if begin is None else NOON + begin * MINUTE,
            end=None if end is None else NOON + end * MINUTE,
        )
    store("fermenter_temp", range(4), 37)
    store("fermenter_ph", range(4), 7)
    course = read_course(vessel, NOON, NOON + 4 * MINUTE, ["temperature"])
    channel = course.channel("temperature")
    assert channel.mean.tolist() == channel.maximum.tolist() == [37, 37, 7, 7]
    assert channel.tags == ("fermenter_temp", "fermenter_ph")
    assert course.channel("ph") is None


def test_tags_without_role_stay_apart(vessels: tuple[Vessel, Vessel]) -> None:
    vessel = vessels[0]
    for name in ("fermenter_temp", "fermenter_ph"):
        vessel.bindings.create(tag=Tag.objects.get(name=name), role="other")
    assert [channel.tags[0] for channel in read_course(vessel, NOON, NOON + MINUTE).channels] == [
        "fermenter_temp",
        "fermenter_ph",
    ]


def test_each_role_has_a_name_and_a_title() -> None:
    assert all(name == role.name and role.title for name, role in ROLES.items())
