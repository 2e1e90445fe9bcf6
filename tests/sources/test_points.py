"""Points: few new ones a second, a bounded number, counts."""

import pytest

from monitoring.kernel.clock import from_micros
from monitoring.models import Source, SourcePoint
from monitoring.models.source import MOST_POINTS
from monitoring.sources import points
from monitoring.sources.points import NEW_A_SECOND, PointRegister, write_points


def test_new_addresses_are_limited_a_second_and_known_ones_are_not() -> None:
    now = [100.0]
    register = PointRegister(["known"], lambda: now[0])
    for number in range(100):
        register.see(f"new/{number}", "1", number)
        register.see("known", str(number), number)
    found = {point.address: point for point in register.take()}
    assert len(found) == NEW_A_SECOND + 1
    assert (found["known"].seen, found["known"].raw) == (100, "99")
    now[0] += 1
    register.see("new/99", "1", 0)
    assert [point.address for point in register.take()] == ["new/99"]


def test_there_is_a_most() -> None:
    register = PointRegister([f"a/{number}" for number in range(MOST_POINTS)])
    register.see("one more", "1", 0)
    register.see("x" * 501, "1", 0)
    assert register.take() == []


def test_counts_that_could_not_be_written_are_added_again() -> None:
    register = PointRegister()
    register.see("a", "1", 10)
    taken = register.take()
    register.see("a", "2", 20, {"unit": "K"})
    register.put_back(taken)
    (point,) = register.take()
    assert (point.seen, point.first_us, point.last_us, point.raw) == (2, 10, 20, "2")


@pytest.mark.django_db
def test_points_are_written_and_counted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source.objects.create(name="s", protocol="fake", changed_at=from_micros(0))
    source.mappings.create(address="mapped", tag="t")
    register = PointRegister()
    register.see("a", "é" * 150 + "\x00", 10, {"tag": "x"})
    register.see("mapped", "1", 10)
    write_points(source.pk, register.take())
    SourcePoint.objects.filter(address="a").update(state="ignored")
    register.see("a", "2", 20)
    write_points(source.pk, register.take())
    rows = {row.address: row for row in source.points.all()}
    assert (rows["a"].seen, rows["a"].last_raw, rows["a"].state) == (2, "2", "ignored")
    assert (rows["a"].first_seen, rows["a"].last_seen) == (from_micros(10), from_micros(20))
    assert rows["a"].suggestion == {"tag": "x"}
    assert rows["mapped"].state == "mapped"
    monkeypatch.setattr(points, "MOST_POINTS", 2)
    register.see("b", "1", 30)
    write_points(source.pk, register.take())
    assert source.points.count() == 2


def test_raw_values_are_cut_to_200_bytes() -> None:
    assert points.shortened("é" * 150 + "\x00") == "é" * 100
