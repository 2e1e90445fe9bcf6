"""Until when sources confirm the values of their tags."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.dashboard.states import NOTHING, stale_text, state_of
from monitoring.history.confirmed import (
    Confirmed,
    ConfirmedTags,
    confirmed_sources,
    confirmed_until,
    newest_of,
    sources_by_tag,
)
from monitoring.history.measurements import Point
from monitoring.kernel.clock import from_micros, to_micros
from monitoring.kernel.tag_definition import DEFAULT_TAGS
from monitoring.models import Quality, QualitySpan, Source, SourceStatus, SourceTag, Tag

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
TEMP = DEFAULT_TAGS[0].definition


def test_of_two_sources_the_later_confirmation_counts_and_a_bad_tag_has_none() -> None:
    early, late = Confirmed(1, 10), Confirmed(5, 20)
    sources = [(7, 1), (7, 2), (8, 1), (9, 3), (4, 1)]
    assert newest_of(sources, {1: late, 2: early}, {4}) == {7: late, 8: late}
    assert newest_of(sources, {1: early, 2: late}, {4}) == {7: late, 8: early}


def test_a_confirmed_value_is_not_stale() -> None:
    point = Point(1, NOW - timedelta(minutes=10), TEMP.name, 37.0, False)
    assert stale_text(TEMP, point, NOW)
    assert not stale_text(TEMP, point, NOW, NOW - timedelta(seconds=3))
    assert stale_text(TEMP, point, NOW, NOW - timedelta(seconds=30))
    assert state_of(TEMP, point, NOW, NOTHING).state == "stale"


@pytest.mark.django_db
def test_what_a_connected_source_confirms_is_read() -> None:
    source = Source.objects.create(name="plc", protocol="fake", changed_at=NOW)
    temp, ph = Tag.objects.get(name="fermenter_temp"), Tag.objects.get(name="fermenter_ph")
    status = SourceStatus.objects.create(
        source=source, state="connected", since=NOW, confirmed_until=NOW + timedelta(seconds=5)
    )
    assert ConfirmedTags().read() == {}
    for tag in (temp, ph):
        SourceTag.objects.create(source=source, tag=tag)
    until_us = to_micros(NOW) + 5_000_000
    assert ConfirmedTags().read()[temp.pk] == Confirmed(to_micros(NOW), until_us)
    bad = QualitySpan.objects.create(tag=ph, begin=NOW, quality=Quality.BAD)
    QualitySpan.objects.create(tag=temp, begin=NOW, quality=Quality.UNCERTAIN)
    assert confirmed_until(["fermenter_temp", "fermenter_ph", "nothing"]) == {
        "fermenter_temp": from_micros(until_us)
    }
    (found,) = confirmed_sources()
    assert found.as_json() == {"name": "plc", "until": "2026-01-31T12:00:05Z", "bad": ["fermenter_ph"]}
    assert sources_by_tag() == {"fermenter_temp": ["plc"], "fermenter_ph": ["plc"]}
    bad.delete()
    assert len(confirmed_until(["fermenter_temp", "fermenter_ph"])) == 2
    status.state = "failed"
    status.save()
    assert confirmed_until(["fermenter_temp"]) == {}
