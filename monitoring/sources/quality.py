"""Changes of the quality of tags become rows of ``quality_spans``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Q

from monitoring.kernel.clock import from_micros, micros_or_none, to_micros
from monitoring.models import Quality, QualitySpan
from monitoring.sources.quality_spans import Label, LabelledSpan, with_change

LONGEST_WORD = 100


@dataclass(frozen=True, slots=True)
class QualityChange:
    """The quality of a tag from a time on, in microseconds since 1970; no label: good."""

    tag: str
    time_us: int
    label: Label | None


class QualityLog:
    """Changes of one run of a driver, in the order of the driver's calls. The caller locks."""

    def __init__(self) -> None:
        self._last: dict[str, QualityChange] = {}
        self.changes: list[QualityChange] = []

    def add(self, tags: Sequence[str], time_us: int, label: Label | None) -> list[QualityChange]:
        """Add a change, and return it by tag; leave out tags whose last change was the same."""
        added = []
        for tag in tags:
            last = self._last.get(tag)
            if last is not None and last.label == label and time_us >= last.time_us:
                continue
            # A good value may have a stamp from before the bad one, if only one of both is the source's.
            is_end = label is None and last is not None and last.label is not None
            at_us = max(time_us, last.time_us) if is_end and last is not None else time_us
            added.append(QualityChange(tag, at_us, label))
            self._last[tag] = added[-1]
        self.changes += added
        return added


def write_changes(source: int, changes: Sequence[QualityChange], tag_ids: Mapping[str, int]) -> None:
    """Apply changes of quality in order, in the caller's transaction. Unknown tags are left out."""
    known = [change for change in changes if change.tag in tag_ids]
    if not known:
        return
    first = from_micros(min(change.time_us for change in known))
    rows = QualitySpan.objects.filter(
        Q(end=None) | Q(end__gte=first), tag__in={tag_ids[change.tag] for change in known}
    ).order_by("tag_id", "begin", "id")
    stored = {tag: list(group) for tag, group in groupby(rows, key=lambda row: row.tag_id)}
    by_tag: dict[int, list[QualityChange]] = {}
    for change in known:
        by_tag.setdefault(tag_ids[change.tag], []).append(change)
    for tag, of_tag in by_tag.items():
        before = [span_of(row) for row in stored.get(tag, [])]
        after = before
        for change in of_tag:
            after = with_change(after, change.time_us, change.label)
        write_spans(source, tag, before, after)


def span_of(row: QualitySpan) -> LabelledSpan:
    """Return a row as a span."""
    label = Label(Quality(row.quality), row.code, row.word)
    return LabelledSpan(to_micros(row.begin), micros_or_none(row.end), label, row.pk)


def write_spans(source: int, tag: int, before: Sequence[LabelledSpan], after: Sequence[LabelledSpan]) -> None:
    """Write the difference between two lists of a tag's spans."""
    stored = {span.key: span for span in before if span.key is not None}
    kept = {span.key: span for span in after if span.key is not None}
    if gone := stored.keys() - kept.keys():
        QualitySpan.objects.filter(pk__in=gone).delete()
    for key, span in kept.items():
        if span != stored[key]:
            QualitySpan.objects.filter(pk=key).update(**times_of(span))
    QualitySpan.objects.bulk_create(
        QualitySpan(
            tag_id=tag,
            source_id=source,
            quality=span.label.quality,
            code=span.label.code,
            word=span.label.word,
            **times_of(span),
        )
        for span in after
        if span.key is None
    )


def times_of(span: LabelledSpan) -> dict[str, object]:
    """Return begin and end as columns."""
    return {
        "begin": from_micros(span.begin_us),
        "end": None if span.end_us is None else from_micros(span.end_us),
    }
