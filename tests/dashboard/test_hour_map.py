"""The map of annunciations by day and hour."""

from monitoring.dashboard.hour_map import hour_map


def day(name: str, **hours: int) -> dict[str, object]:
    return {"day": name, "hours": [hours.get(f"h{hour}", 0) for hour in range(24)]}


def test_each_day_of_the_period_has_a_row_and_each_hour_a_number() -> None:
    found = hour_map(
        [day("2026-02-27", h3=7), day("2026-03-01", h3=2, h12=13)],
        "2026-02-27T12:00:00Z",
        "2026-03-01T11:00:00Z",
    )
    assert [(row.name, row.total) for row in found.days] == [("1 Mar", 15), ("28 Feb", 0), ("27 Feb", 7)]
    assert (found.totals[3], found.totals[12], sum(found.totals)) == (9, 13, 22)
    first, last = found.days[0].hours, found.days[-1].hours
    assert [first[hour].load for hour in (0, 3, 12)] == ["none", "met", "over"]
    assert last[3].load == "manageable"
    assert found.summary == (
        "Most in one hour: 13, on 1 Mar from 12:00 to 13:00 UTC."
        " Over all days, most come from 12:00 to 13:00 UTC: 13."
    )


def test_a_period_without_alarms_says_so() -> None:
    found = hour_map([], "2026-03-01T00:00:00Z", "2026-03-01T11:00:00Z")
    assert (found.summary, len(found.days)) == ("No alarm in this period.", 1)
