"""Output of ``manage.py load``: a line a second, and a summary at the end."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from monitoring.lab.load.generator import Lane, Run
from monitoring.lab.load.plan import LoadPlan
from monitoring.lab.load.tally import latency

TITLES = ("s", "sent", "accepted", "duplicate", "refused", "errors", "p50", "p95", "p99", "lag s")
WIDTHS = (6, 11, 11, 9, 9, 9, 8, 8, 8, 7)
ROWS_A_PAGE = 20
MOST_REASONS = 5


class ProgressTable:
    """Lines of figures, one below the other. Percentiles are of the last second's answers, in ms."""

    def __init__(self) -> None:
        self._rows = 0
        self._reported = 0

    def lines(self, run: Run, lanes: Sequence[Lane], *, is_terminal: bool) -> Iterator[str]:
        """Yield the next line; repeat the titles from time to time on a terminal, where lines scroll away."""
        if self._rows == 0 or (is_terminal and self._rows % ROWS_A_PAGE == 0):
            yield in_columns(TITLES)
        self._rows += 1
        tally = run.tally
        new = latency(tally.latencies[self._reported :])
        self._reported = len(tally.latencies)
        counts = (tally.sent, tally.total, tally.duplicates, tally.refused, tally.failed)
        lag_s = max(lane.lag_s for lane in lanes)
        yield in_columns(
            (f"{run.now_s:.1f}", *(f"{count:,}" for count in counts), *map(in_ms, new[:3]), f"{lag_s:.1f}")
        )


def in_columns(cells: Sequence[str]) -> str:
    """Return one line of the table."""
    return " ".join(cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True))


def in_ms(seconds: float) -> str:
    """Return a time in milliseconds; a dash without a measurement."""
    return "-" if np.isnan(seconds) else f"{1000 * seconds:,.0f}"


def summary(
    run: Run, plan: LoadPlan, *, took_s: float, cpu_s: float, is_burst: bool, unsent: int
) -> list[str]:
    """Return lines with requested and achieved load; ``cpu_s`` is the command's own processor time."""
    tally = run.tally
    asked = "as many as are taken" if is_burst else f"{plan.rate:,.0f} readings/s, {plan.seconds:g} s"
    since = "sent" if is_burst else "due"
    p50, p95, p99, highest = latency(tally.latencies)
    lines = [
        f"asked     {plan.tags:,} tags, {plan.batch:,} a request, {plan.lanes} connections: {asked}",
        f"sent      {tally.sent:,} readings in {len(tally.latencies):,} answered requests",
        f"accepted  {tally.total:,} readings, {tally.total / took_s:,.0f}/s over {took_s:.1f} s",
        f"answers   p50 {in_ms(p50)}, p95 {in_ms(p95)}, p99 {in_ms(p99)}, longest {in_ms(highest)} ms"
        f" from when they were {since}",
        f"generator {cpu_s / took_s:.0%} of a processor",
    ]
    wrong = {
        "never sent, since the answers before them took too long": unsent,
        "safe on disk as yet (202)": tally.kept,
        "duplicates": tally.duplicates,
        "refused": tally.refused,
        "without an answer that promises anything": tally.failed,
    }
    lines += [f"!         {count:,} {what}" for what, count in wrong.items() if count]
    return lines + [f"!         {n:,} x {reason}" for reason, n in tally.reasons.most_common(MOST_REASONS)]


def verdict(run: Run, stored: NDArray[np.int64]) -> str:
    """Return a line that compares stored with accepted readings, given the measurements of each tag."""
    lost, surplus = run.tally.lost(stored), run.tally.surplus(stored)
    if lost or surplus:
        return f"stored    {stored.sum():,}: {lost:,} LOST, {surplus:,} that were not sent"
    unsure = (
        f", {stored.sum() - run.tally.total:,} that were not answered" if run.tally.doubtful.any() else ""
    )
    return f"stored    {stored.sum():,}: all that were accepted{unsure}; compared tag by tag, nothing is lost"
