"""The values from which the cards of a page are made."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.dashboard.cards import cards_of
from monitoring.dashboard.events import Events
from monitoring.dashboard.tag_values import TagValues, read_values
from monitoring.ingest.pipeline import ingest_readings
from monitoring.ingest.tags import tag_cache

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAMES = ["fermenter_ph", "agitator_rpm", "fermenter_temp"]


@pytest.mark.parametrize(
    ("newest_s", "confirmed_s", "until_s"), [(0, 5, 5), (5, 0, 5), (5, None, 5), (None, 5, None)]
)
def test_values_are_known_until_the_newest_or_a_later_confirmation(
    newest_s: int | None, confirmed_s: int | None, until_s: int | None
) -> None:
    at = {None: None, 0: NOW, 5: NOW + timedelta(seconds=5)}
    confirmed = {"fermenter_ph": when} if (when := at[confirmed_s]) else {}
    assert values_with(confirmed).known_until(at[newest_s]) == at[until_s]


def values_with(confirmed: dict[str, datetime]) -> TagValues:
    """Return values of no tag, with these confirmations."""
    return TagValues({}, {}, [], Events(), {}, {}, {}, {}, {}, confirmed)


@pytest.mark.django_db
def test_cards_and_values_are_in_the_order_asked_for(reading: dict[str, Any]) -> None:
    at = datetime.fromisoformat(reading["timestamp"])
    ingest_readings([{**reading, "value": 46.0}, {**reading, "tag": "fermenter_ph", "value": 7.0}])
    tags = tag_cache().read()
    values = read_values(tags, NAMES, [], at, is_part=False)
    assert [point.tag for point in values.latest] == ["fermenter_ph", "fermenter_temp"]
    assert list(values.violations) == [values.newest["fermenter_temp"].id]
    cards = cards_of(tags, dict.fromkeys(NAMES, "F1"), values, {}, at, is_wall=False)
    assert [card.tag.name for card in cards] == NAMES
    assert [card.state for card in cards] == ["normal", "empty", "outside"]
