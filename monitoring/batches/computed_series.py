"""Values of computed tags over a time, from the rollups of the tags in their expressions."""

from collections.abc import Sequence

import numpy as np

from monitoring.batches.course import MINUTE_US, put
from monitoring.batches.expressions import Expression, ExpressionError, parse
from monitoring.batches.sensor_series import SensorSeries
from monitoring.batches.soft_sensors.filters import hold
from monitoring.history.rollup_rows import read_rollups
from monitoring.kernel.arrays import FloatArray, IntArray
from monitoring.kernel.rollups import RESOLUTIONS_S
from monitoring.kernel.tag_definition import TagKind
from monitoring.models import ComputedTag, Tag

SOURCE = "computed tag of the vessel"
NO_NUMBER = "The expression gives no finite number at any minute of this batch."


def computed_series(tags: Sequence[ComputedTag], start_us: IntArray) -> list[SensorSeries]:
    """Return the series of computed tags on a grid of minutes; each tag of the expressions is read once."""
    expressions = [expression_of(tag) for tag in tags]
    wanted = {name for expression in expressions if expression for name in expression.tags}
    rows = Tag.objects.filter(name__in=wanted)
    values = {row.name: minute_values(row, start_us) for row in rows}
    return [
        series_of(tag, expression, values, start_us)
        for tag, expression in zip(tags, expressions, strict=True)
    ]


def expression_of(tag: ComputedTag) -> Expression | None:
    """Return the expression of a computed tag; None if a later version of Fermon cannot read it."""
    try:
        return parse(tag.expression)
    except ExpressionError:
        return None


def minute_values(tag: Tag, start_us: IntArray) -> FloatArray:
    """Return the values of a tag on a grid of minutes, shape (n,): means, of counters the maxima."""
    columns = np.full((3, len(start_us)), np.nan)
    if len(start_us):
        first, stop = int(start_us[0]), int(start_us[-1]) + MINUTE_US
        put(columns, read_rollups(tag.pk, RESOLUTIONS_S[0], first, stop), first)
    return hold(columns[2] if tag.kind == TagKind.COUNTER else columns[0])


def series_of(
    tag: ComputedTag, expression: Expression | None, values: dict[str, FloatArray], start_us: IntArray
) -> SensorSeries:
    """Return the series of one computed tag."""
    names = expression.tags if expression else ()
    missing = missing_of(expression, values)
    found = np.full(len(start_us), np.nan)
    if expression and not missing:
        found = expression.evaluate(values)
        missing = () if np.isfinite(found).any() else (NO_NUMBER,)
    return SensorSeries(
        name=tag.name,
        title=tag.title or tag.name,
        unit=tag.unit,
        decimals=None,
        formula=tag.expression,
        source=SOURCE,
        is_computed=True,
        inputs=names,
        constants=(),
        missing=missing,
        remarks=(),
        values=found,
    )


def missing_of(expression: Expression | None, values: dict[str, FloatArray]) -> tuple[str, ...]:
    """Return in sentences why a computed tag has no values."""
    if expression is None:
        return ("The expression cannot be read: change it.",)
    unknown = [
        f"There is no tag {name}: change the expression." for name in expression.tags if name not in values
    ]
    empty = [
        f"No values of {name} in this batch."
        for name in expression.tags
        if name in values and not np.isfinite(values[name]).any()
    ]
    return (*unknown, *empty)
