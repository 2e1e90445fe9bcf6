"""Since when the newest values have been outside a limit."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.history.excursions import outside_since
from monitoring.ingest.pipeline import ingest_readings

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)


def send(tag: str, *values: tuple[float, timedelta]) -> None:
    """Readings of the tag: value and age."""
    ingest_readings(
        [{"tag": tag, "timestamp": (NOW - age).isoformat(), "value": value} for value, age in values]
    )


@pytest.mark.parametrize(
    "age", [timedelta(seconds=20), timedelta(minutes=9), timedelta(hours=5), timedelta(days=40)]
)
def test_the_first_value_after_the_last_one_within_the_limit(age: timedelta) -> None:
    second = timedelta(seconds=1)
    send("fermenter_temp", (46, age + 2 * second), (37, age + second), (46, age), (47, age / 2), (46, second))
    send("fermenter_ph", (5.5, age + second), (6, age), (5.5, age - second), (5.6, second))
    assert outside_since(["fermenter_temp"], ["fermenter_ph"], NOW) == {
        "fermenter_temp": NOW - age,
        "fermenter_ph": NOW - age + second,
    }


def test_a_tag_that_was_never_within_has_been_outside_since_its_first_value() -> None:
    send("fermenter_temp", (46, timedelta(hours=3)), (47, timedelta(0)))
    assert outside_since(["fermenter_temp"], [], NOW) == {"fermenter_temp": NOW - timedelta(hours=3)}


def test_a_value_beyond_the_other_limit_is_not_within() -> None:
    send("fermenter_temp", (34, timedelta(minutes=3)), (46, timedelta(minutes=2)), (46, timedelta(0)))
    assert outside_since(["fermenter_temp"], [], NOW) == {"fermenter_temp": NOW - timedelta(minutes=2)}


def test_without_tags_nothing_is_read(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert outside_since([], [], NOW) == {}
