"""Quality on the time line of a tag, and its rows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.kernel.clock import from_micros
from monitoring.models import Quality, QualitySpan, Source, Tag
from monitoring.sources.quality import QualityLog, write_changes
from monitoring.sources.quality_spans import Label, LabelledSpan, with_change

BAD, UNSURE = Label(Quality.BAD, 4, "no sensor"), Label(Quality.UNCERTAIN)
labels = st.sampled_from([None, BAD, UNSURE])
changes = st.lists(st.tuples(st.integers(0, 30), labels), max_size=12)


def timeline(*applied: tuple[int, Label | None]) -> list[LabelledSpan]:
    spans: list[LabelledSpan] = []
    for time_us, label in applied:
        spans = with_change(spans, time_us, label)
    return spans


def test_a_span_is_exact_and_a_change_of_label_begins_another() -> None:
    assert timeline((10, BAD), (20, UNSURE), (30, None)) == [
        LabelledSpan(10, 20, BAD),
        LabelledSpan(20, 30, UNSURE),
    ]


def test_a_late_change_counts_until_the_next_one() -> None:
    assert timeline((20, BAD), (10, UNSURE)) == [LabelledSpan(10, 20, UNSURE), LabelledSpan(20, None, BAD)]
    assert timeline((20, BAD), (10, BAD)) == [LabelledSpan(10, None, BAD)]


def test_a_span_that_ends_at_its_begin_is_gone() -> None:
    assert timeline((10, BAD), (10, None)) == []


@given(changes)
def test_spans_are_disjoint_and_in_order(applied: list[tuple[int, Label | None]]) -> None:
    spans = timeline(*applied)
    assert all(span.begin_us < span.until_us for span in spans)
    assert all(one.until_us <= two.begin_us for one, two in pairwise(spans))


@given(changes)
def test_the_same_changes_again_alter_nothing(applied: list[tuple[int, Label | None]]) -> None:
    in_order = sorted(dict(applied).items())
    assert timeline(*in_order, *in_order) == timeline(*in_order)


@given(changes)
def test_in_order_each_time_has_the_label_of_the_last_change(applied: list[tuple[int, Label | None]]) -> None:
    in_order = sorted(dict(applied).items())
    spans = timeline(*in_order)
    for moment in range(32):
        expected = next((label for time_us, label in reversed(in_order) if time_us <= moment), None)
        found = [span.label for span in spans if span.begin_us <= moment < span.until_us]
        assert found == ([expected] if expected else [])


def test_a_good_value_with_an_older_stamp_ends_the_bad_span() -> None:
    log = QualityLog()
    log.add(["t"], 100, BAD)
    (ended,) = log.add(["t"], 99, None)
    assert ended.time_us == 100


def test_a_change_that_is_told_with_each_poll_is_written_once() -> None:
    log = QualityLog()
    for time_us in range(10):
        log.add(["t"], time_us, None)
    assert len(log.changes) == 1


@pytest.mark.django_db
class TestRows:
    """The rows of ``quality_spans``."""

    @pytest.fixture
    def source(self) -> Source:
        return Source.objects.create(name="s", protocol="fake", changed_at=from_micros(0))

    @pytest.fixture
    def ids(self) -> dict[str, int]:
        return dict(Tag.objects.values_list("name", "pk"))

    def tell(self, source: Source, ids: dict[str, int], *applied: tuple[int, Label | None]) -> None:
        log = QualityLog()
        for time_us, label in applied:
            log.add(["fermenter_ph", "no_such_tag"], time_us, label)
        write_changes(source.pk, log.changes, ids)

    def rows(self) -> list[tuple[object, ...]]:
        return list(
            QualitySpan.objects.order_by("begin").values_list("begin", "end", "quality", "code", "word")
        )

    def test_a_takeover_continues_the_open_span(self, source: Source, ids: dict[str, int]) -> None:
        self.tell(source, ids, (10, BAD))
        (before,) = QualitySpan.objects.all()
        self.tell(source, ids, (10, BAD))
        self.tell(source, ids, (12, BAD))
        (after,) = QualitySpan.objects.all()
        assert (after.pk, after.end, after.source) == (before.pk, None, source)
        self.tell(source, ids, (20, None))
        assert self.rows() == [(from_micros(10), from_micros(20), 2, 4, "no sensor")]

    def test_late_and_repeated_calls_in_one_batch(self, source: Source, ids: dict[str, int]) -> None:
        self.tell(source, ids, (10, BAD), (20, None))
        self.tell(source, ids, (10, BAD), (20, None), (5, UNSURE))
        assert self.rows() == [
            (from_micros(5), from_micros(10), 1, None, ""),
            (from_micros(10), from_micros(20), 2, 4, "no sensor"),
        ]

    def test_a_span_of_no_length_is_deleted(self, source: Source, ids: dict[str, int]) -> None:
        self.tell(source, ids, (10, BAD))
        self.tell(source, ids, (10, None))
        assert self.rows() == []
