"""How the values of a tag are written, by what is stored."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.history.number_formats import read_formats
from monitoring.history.tags import active_tags
from monitoring.ingest.pipeline import ingest_readings
from monitoring.kernel.number_format import NumberFormat
from monitoring.models import Series, Tag

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def store(name: str, values: list[float]) -> None:
    """Store a value a second."""
    ingest_readings(
        [
            {"tag": name, "timestamp": (START + timedelta(seconds=i)).isoformat(), "value": value}
            for i, value in enumerate(values)
        ]
    )


def test_formats_follow_the_newest_values_and_not_the_valid_range(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    for name, low, high in (
        ("share", 0, 1000),
        ("acidity", -1e100, 1e100),
        ("cells", 0, 1e12),
        ("set", 0, 1000),
    ):
        Tag.objects.create(name=name, valid_min=low, valid_max=high, decimals=1 if name == "set" else None)
    store("share", [0.35, 0.36] * 5)
    store("acidity", [6.61, 6.6] * 5)
    store("cells", [2.3e9] * 60)
    store("set", [0.35] * 10)
    tags = active_tags()
    with django_assert_num_queries(1):
        formats = read_formats(tags)
    assert formats["share"] == NumberFormat(2, 4)
    assert formats["acidity"] == NumberFormat(2, 3)
    assert formats["cells"] == NumberFormat(0, 0)
    assert formats["set"] == NumberFormat(1, None)
    assert formats["fermenter_temp"] == NumberFormat(2, 2)  # nothing stored: by the limits


def test_without_the_list_of_newest_values_the_limits_say_how_large_they_are() -> None:
    store("agitator_rpm", [300.0] * 20)
    Series.objects.update(recent_values=None)
    assert read_formats(active_tags())["agitator_rpm"] == NumberFormat(1, 1)
