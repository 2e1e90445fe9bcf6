"""The order of cards when the page is first painted."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from monitoring.dashboard.cards import card_of, in_groups, urgent_first
from monitoring.kernel.tag_definition import TagDefinition
from tests.page_cases import cases

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("case", cases("order.json", "orders"), ids=lambda case: case["name"])
def test_cards_are_in_the_order_of_the_scripts(case: dict[str, Any]) -> None:
    found = [
        replace(
            card_of(TagDefinition(each["tag"], "", 0, 1), None, NOW, group=each["group"]),
            urgency=each["urgency"],
        )
        for each in case["cards"]
    ]
    groups = [
        {"group": group.name, "tags": [card.tag.name for card in group.cards]} for group in in_groups(found)
    ]
    assert groups == case["groups"]
    assert [card.tag.name for card in urgent_first(found)] == case["wall"]
