"""Key figures of an alarm system, each compared with a case made by hand."""

from dataclasses import replace

import pytest

from monitoring.alarms.kpis import (
    Annunciation,
    Peak,
    average_per_interval,
    by_day_and_hour,
    chattering,
    coverage,
    fleeting,
    floods,
    peak,
    response,
    share_of,
    shares,
    stale_by_day,
    suppression_spans,
    top,
    total_us,
)

S, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
AT = 20_000 * DAY  # a midnight


def told(active: int, *, lasts: int | None = None, alarm: int = 1, acked: int | None = None) -> Annunciation:
    """An annunciation so long after midnight, noticed a second later."""
    begin = AT + active
    return Annunciation(
        alarm,
        begin,
        begin + S,
        None if lasts is None else begin + lasts,
        None if acked is None else begin + S + acked,
        "medium",
    )


def minutes(*offsets: float) -> list[int]:
    return [AT + round(offset * MINUTE) for offset in offsets]


def test_the_average_is_per_ten_minutes() -> None:
    assert average_per_interval(144, (AT, AT + DAY)) == 1.0
    assert average_per_interval(3, (AT, AT + 20 * MINUTE)) == 1.5


def test_the_peak_is_that_of_intervals_on_the_clock() -> None:
    times = minutes(*[0.1] * 5, *[9.9] * 7, *[10.0] * 10)
    assert peak(times, (AT, AT + HOUR)) == Peak(12, 1 / 6)
    assert peak(minutes(*[9.9] * 6, *[10.1] * 6), (AT, AT + HOUR)) == Peak(6, 0.0)
    assert peak([], (AT, AT + HOUR)) == Peak(0, 0.0)


def test_ten_in_ten_minutes_are_no_flood_and_eleven_are() -> None:
    assert floods(minutes(*range(10))) == []
    assert floods(minutes(*[step * 0.5 for step in range(11)])) == [
        # it begins with the eleventh, and ends when only the last four are younger than 10 minutes
        (AT + 5 * MINUTE, AT + 3 * MINUTE + 10 * MINUTE)
    ]


def test_a_flood_ends_in_a_pause_and_another_begins() -> None:
    burst = [step * 0.1 for step in range(11)]
    found = floods(minutes(*burst, *[30 + step for step in burst]))
    assert found == [(AT + MINUTE, AT + round(10.6 * MINUTE)), (AT + 31 * MINUTE, AT + round(40.6 * MINUTE))]


def test_between_ten_and_five_a_flood_goes_on() -> None:
    # Eleven at once, then one every two minutes: five within any ten minutes keep it up.
    times = minutes(*[0.0] * 11, *range(2, 42, 2))
    assert floods(times) == [(AT, AT + 32 * MINUTE + 10 * MINUTE)]


def test_a_flood_across_the_boundary_counts_with_its_part_inside() -> None:
    midnight = AT + DAY
    burst = [midnight - 4 * MINUTE + step * 6 * S for step in range(41)]  # until midnight, one each 6 s
    spans = floods(burst)
    assert spans == [(midnight - 3 * MINUTE, midnight - 24 * S + 10 * MINUTE)]
    assert share_of(spans, (AT, midnight)) == 3 / 1440
    assert share_of(spans, (midnight, midnight + DAY)) == pytest.approx(9.6 / 1440)


def test_the_most_frequent_come_first() -> None:
    alarms = [alarm for alarm in range(12) for _ in range(alarm + 1)]
    assert top(alarms) == [(alarm, alarm + 1) for alarm in range(11, 1, -1)]


def test_three_in_a_minute_chatter_with_an_index_from_the_run_lengths() -> None:
    quick = [told(offset * S, lasts=S) for offset in (0, 10, 20, 320)]  # runs of 10, 10 and 300 s
    slow = [told(offset * S, lasts=S, alarm=2) for offset in (0, 31, 62)]
    (found,) = chattering([*slow, *quick], count=3, within_us=MINUTE)
    assert (found.alarm, found.most) == (1, 3)
    assert found.index == pytest.approx((2 / 3) / 10 + (1 / 3) / 300)
    assert [each.alarm for each in chattering([*slow, *quick], count=2, within_us=31 * S)] == [1, 2]
    assert chattering([*slow, *quick], count=5, within_us=HOUR) == []


def test_fleeting_is_short_and_does_not_come_again() -> None:
    assert fleeting([told(0, lasts=9 * S)]) == 1
    assert fleeting([told(0, lasts=10 * S)]) == 0
    assert fleeting([told(0)]) == 0
    assert fleeting([told(0, lasts=9 * S), told(60 * S, lasts=HOUR)]) == 0
    assert fleeting([told(0, lasts=9 * S), told(70 * S, lasts=HOUR)]) == 1
    assert fleeting([told(0, lasts=9 * S), told(60 * S, lasts=HOUR, alarm=2)]) == 1


def test_stale_alarms_are_the_most_at_one_time_of_a_day() -> None:
    found = [
        told(0, lasts=26 * HOUR),  # stale from 24 to 26 h
        told(HOUR, lasts=26 * HOUR, alarm=2),  # from 25 to 27 h
        told(4 * HOUR, lasts=26 * HOUR, alarm=3),  # from 28 to 30 h
        told(5 * HOUR, alarm=4),  # from 29 h, for good
        told(0, lasts=23 * HOUR, alarm=5),
    ]
    assert stale_by_day(found, (AT, AT + 3 * DAY)) == {20_000: 0, 20_001: 2, 20_002: 1}


def test_an_alarm_that_asks_again_does_not_begin_anew() -> None:
    first, second = told(0, lasts=20 * HOUR), told(20 * HOUR, lasts=10 * HOUR)
    assert stale_by_day([first, second], (AT, AT + 2 * DAY)) == {20_000: 0, 20_001: 1}
    apart = replace(second, active_us=second.active_us + 1)
    assert stale_by_day([first, apart], (AT, AT + 2 * DAY)) == {20_000: 0, 20_001: 0}


def test_shares_of_priorities() -> None:
    assert shares(["low"] * 8 + ["medium", "high"]) == {"low": 0.8, "medium": 0.1, "high": 0.1}
    assert shares([]) == {}


def test_the_response_counts_from_the_annunciation() -> None:
    found = response([told(0, acked=acked * S) for acked in (1, 10, 20, 30, 40)] + [told(0)])
    assert (found.median_s, found.unacknowledged, found.too_quick) == (20.0, 1, 1)
    assert found.p95_s == pytest.approx(38.0)
    assert response([]).median_s is None


def test_hours_of_days() -> None:
    found = by_day_and_hour([AT, AT + HOUR - 1, AT + 23 * HOUR, AT + DAY])
    assert found.keys() == {20_000, 20_001}
    assert found[20_000] == [2, *[0] * 22, 1]
    assert found[20_001] == [1, *[0] * 23]


STATES = {"SHLVD": "shelved", "OOSRV": "out_of_service"}


def test_suppressions_count_with_the_part_inside_the_period() -> None:
    period = (AT, AT + DAY)
    lines = [
        (1, AT + 2 * HOUR, "SHLVD", "NORM"),  # shelved before the period
        (2, AT + 3 * HOUR, "NORM", "SHLVD"),
        (2, AT + 4 * HOUR, "SHLVD", "OOSRV"),  # and not back
    ]
    standing = {2: (AT + 4 * HOUR, "out_of_service"), 3: (AT - DAY, "shelved"), 4: (AT + 2 * DAY, "shelved")}
    found = suppression_spans(lines, standing, STATES, period)
    assert {kind: (len(spans), total_us(spans, period) / HOUR) for kind, spans in found.items()} == {
        "shelved": (3, 2 + 1 + 24),
        "out_of_service": (1, 20),
    }


@pytest.mark.parametrize(("days", "words"), [(12, "12 of 30 days"), (30, ""), (0, "0 of 30 days")])
def test_less_than_thirty_days_are_said(days: int, words: str) -> None:
    assert coverage((AT, AT + days * DAY + HOUR)) == words
