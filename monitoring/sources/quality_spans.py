"""Spans of quality on the time line of a tag. Knows no table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitoring.models import Quality

FOREVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Label:
    """Quality of values, the protocol's code, and the same in words."""

    quality: Quality
    code: int | None = None
    word: str = ""


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A span [begin, end) in microseconds since 1970; ``end_us`` is None while the span lasts.

    ``key`` is the stored row's, None of a new span.
    """

    begin_us: int
    end_us: int | None
    label: Label
    key: int | None = None

    @property
    def until_us(self) -> int:
        """Return the end; of a span that lasts, a time after all others."""
        return FOREVER if self.end_us is None else self.end_us


def with_change(spans: Sequence[LabelledSpan], time_us: int, label: Label | None) -> list[LabelledSpan]:
    """Return the spans of a tag after a change of quality at a time; ``label`` is None for good.

    ``spans`` are disjoint and in order; so are the returned ones. The change counts until the next one that
    is known already: a repeated change alters nothing, a late one only the time before the next one.
    """
    before = [span for span in spans if span.begin_us < time_us and span.until_us <= time_us]
    inside = next((span for span in spans if span.begin_us <= time_us < span.until_us), None)
    after = [span for span in spans if span.begin_us > time_us]
    if inside is None:
        until_us = after[0].begin_us if after else None
        kept: list[LabelledSpan] = []
    elif inside.label == label:
        return list(spans)
    else:
        until_us = inside.end_us
        kept = [replace(inside, end_us=time_us)] if inside.begin_us < time_us else []
    if label is None:
        return [*before, *kept, *after]
    if after and until_us == after[0].begin_us and after[0].label == label:
        return [*before, *kept, replace(after[0], begin_us=time_us), *after[1:]]
    return [*before, *kept, LabelledSpan(time_us, until_us, label), *after]
