"""Gaps are written once, and a gap that lasts is ended."""

import pytest

from monitoring.kernel.clock import from_micros
from monitoring.models import Source, SourceGap, Tag
from monitoring.sources.gaps import Gap, write_gaps

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    return Source.objects.create(name="s", protocol="fake", changed_at=from_micros(0))


def rows() -> list[tuple[object, ...]]:
    return list(SourceGap.objects.order_by("begin", "tag").values_list("tag__name", "begin", "end", "filled"))


def test_a_repeated_gap_is_one_row_with_the_fill(source: Source) -> None:
    write_gaps(source.pk, [Gap(10, 20, "lost")], {})
    write_gaps(source.pk, [Gap(10, 20, "lost", filled=5), Gap(10, 20, "lost")], {})
    assert rows() == [(None, from_micros(10), from_micros(20), 5)]


def test_a_lasting_gap_is_ended_by_another_collector(source: Source) -> None:
    write_gaps(source.pk, [Gap(10, None, "away")], {})
    write_gaps(source.pk, [Gap(15, None, "away"), Gap(16, 30, "away")], {})
    assert rows() == [(None, from_micros(10), from_micros(30), 0)]


def test_gaps_of_tags_are_apart(source: Source) -> None:
    ids = dict(Tag.objects.values_list("name", "pk"))
    write_gaps(source.pk, [Gap(10, 20, "x", ("fermenter_ph", "agitator_rpm", "unknown"))], ids)
    assert {row[0] for row in rows()} == {"fermenter_ph", "agitator_rpm"}
