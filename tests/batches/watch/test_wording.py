"""Deviations in plain words."""

import math
from dataclasses import replace

import pytest

from monitoring.batches.golden.members import ChannelInfo
from monitoring.batches.watch.contributing import ChannelAt
from monitoring.batches.watch.families import FAMILIES, FOREST
from monitoring.batches.watch.residuals import BALANCES, RESIDUALS
from monitoring.batches.watch.score import Contribution
from monitoring.batches.watch.wording import (
    BALANCE_WORDS,
    FAMILY_WORDS,
    IN_ORDER,
    NOT_COMPARED,
    deviation_sentence,
    minute_sentence,
    numbers_apart,
)

OXYGEN = ChannelInfo("dissolved_oxygen", "Dissolved oxygen", "%")
PH = ChannelInfo("ph", "pH", "pH")
CO2 = ChannelInfo("offgas_co2", "CO2 in the off-gas", "%")


def differing(
    channel: ChannelInfo, family: str = "E", statistic: float = -5.0, ratio: float = 1.2, **values: float
) -> ChannelAt:
    found = Contribution(channel.name, family, ratio, statistic)
    return ChannelAt(channel, found, values.get("value", math.nan), values.get("usual", math.nan))


def test_the_first_channel_has_its_values_and_others_follow() -> None:
    found = [
        differing(OXYGEN, value=12.1, usual=30.2),
        differing(CO2, "S", 3.0),
        differing(PH, "L", 2.0),
        differing(OXYGEN),
    ]
    assert deviation_sentence(found) == (
        "Dissolved oxygen below golden batches (12 %, usually 30 %); CO2 in the off-gas rises against golden"
        " batches; pH drifts up against golden batches."
    )
    assert deviation_sentence(found[:1], 12).endswith("usually 30 %), for 12 min.")


@pytest.mark.parametrize(
    ("name", "statistic", "text"),
    [
        ("rB", 4.0, "More base than the oxygen uptake explains."),
        ("rW", -4.0, "The weight rises less than the pumps explain."),
        ("eT", 4.0, "Temperature above the usual distance to its setpoint."),
        ("ePH", -4.0, "pH below the usual distance to its setpoint."),
        ("other.colour", 4.0, "Colour above golden batches."),
        ("other.drops.rate", -4.0, "Drops below golden batches."),
    ],
)
def test_balances_setpoints_and_tags_without_role(name: str, statistic: float, text: str) -> None:
    assert deviation_sentence([differing(ChannelInfo(name), statistic=statistic)]) == text


def test_a_tag_that_stands_still_is_neither_higher_nor_lower() -> None:
    still = replace(differing(PH, "I", 8.0, value=7.0, usual=7.02), is_still=True)
    assert deviation_sentence([still]) == (
        "pH has not changed at all for 10 min or more (7.000 pH, usually 7.020 pH)."
    )


def test_every_balance_and_family_has_words() -> None:
    assert set(BALANCE_WORDS) == set(BALANCES) <= set(RESIDUALS)
    assert set(FAMILY_WORDS) == {*FAMILIES, FOREST}


def test_a_minute_in_words() -> None:
    calm, odd = differing(PH, ratio=0.5), differing(OXYGEN, value=12.0, usual=30.0)
    assert minute_sentence([odd, calm], limit=1) == deviation_sentence([odd])
    assert minute_sentence([calm], limit=1) == IN_ORDER
    assert minute_sentence([], limit=1) == NOT_COMPARED
    assert deviation_sentence([]) == "The batch is not like golden batches."


@pytest.mark.parametrize(
    ("value", "usual", "texts"),
    [
        (812.4, 700.0, ("812", "700")),
        (37.84, 37.02, ("37.84", "37.02")),
        (6.912, 7.0, ("6.912", "7.000")),
        (1.0, 1.0, ("1.0000", "1.0000")),
        (30.2, 27.9, ("30.2", "27.9")),
    ],
)
def test_numbers_show_their_difference(value: float, usual: float, texts: tuple[str, str]) -> None:
    assert numbers_apart(value, usual) == texts
