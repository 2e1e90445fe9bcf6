"""The figures and sentences of a source's status, from the calls of its session. Knows no table."""

import statistics
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from monitoring.kernel.clock import current_micros
from monitoring.sources.session import State

RATE_S = 10
MEDIAN_S = 60
MOST_OBSERVATIONS = 1_000
WARN_OFFSET_MS = 2_000
WRONG_OFFSET_MS = 300_000  # readings are rejected as in the future from here on
CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class StatusFigures:
    """A status at one time, for ``models.SourceStatus``; times in microseconds since 1970.

    ``readings`` and ``rejected`` are those since the last figures.
    """

    state: State
    since_us: int
    error: str
    error_at_us: int | None
    confirmed_us: int | None
    newest_us: int | None
    readings: int
    rejected: int
    rate: float
    lag_ms: float | None
    clock_offset_ms: float | None
    notices: tuple[str, ...]


class Observations:
    """Numbers of the last minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=MOST_OBSERVATIONS)

    def add(self, at_s: float, number: float) -> None:
        """Add a number that was observed at a time of the monotonic clock."""
        self._seen.append((at_s, number))

    def median(self, now_s: float) -> float | None:
        """Return the median; None without observations."""
        while self._seen and self._seen[0][0] < now_s - MEDIAN_S:
            self._seen.popleft()
        return statistics.median(number for _, number in self._seen) if self._seen else None


class StatusMeter:
    """The status of one source while this process holds its lease. The caller locks."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.state, self._since_us = State.CONNECTING, current_micros()
        self._error = ""
        self._error_at_us: int | None = None
        self._confirmed_us: int | None = None
        self._newest_us: int | None = None
        self._notices: dict[str, str] = {}
        self._lags, self._offsets = Observations(), Observations()
        self._by_second: Counter[int] = Counter()
        self._readings = self._rejected = 0

    def set_state(self, state: State, text: str = "") -> None:
        """Note the state of the connection; the text of a failure is kept as the last error.

        A source that failed stays so while it connects again: so ``since`` tells how long it has failed.
        """
        if state is not self.state and (self.state, state) != (State.FAILED, State.CONNECTING):
            self.state, self._since_us = state, current_micros()
        if text and state is State.FAILED:
            self._error, self._error_at_us = text[:500], current_micros()

    def confirm(self, time_us: int) -> None:
        """Note that the source was alive at a time."""
        self._confirmed_us = max(self._confirmed_us or time_us, time_us)

    def notice(self, key: str, text: str) -> None:
        """Show a sentence, or withdraw it by an empty text."""
        if text:
            self._notices[key] = text
        else:
            self._notices.pop(key, None)

    def observe_clock(self, offset_ms: float) -> None:
        """Note how far the source's clock was ahead."""
        self._offsets.add(self._clock(), offset_ms)

    def stored(self, count: int, *, rejected: int, newest_us: int | None, lag_ms: float | None) -> None:
        """Note readings that are stored or safe on disk, and rejected ones."""
        now_s = self._clock()
        self._readings += count
        self._rejected += rejected
        self._by_second[int(now_s)] += count
        if newest_us is not None:
            self._newest_us = max(self._newest_us or newest_us, newest_us)
        if lag_ms is not None:
            self._lags.add(now_s, lag_ms)

    def figures(self) -> StatusFigures:
        """Return the status now. Call ``written`` once its counts are stored."""
        now_s = self._clock()
        recent = range(int(now_s) - RATE_S, int(now_s))
        for second in [each for each in self._by_second if each < recent.start]:
            del self._by_second[second]
        offset_ms = self._offsets.median(now_s)
        sentence = clock_sentence(offset_ms)
        return StatusFigures(
            state=self.state,
            since_us=self._since_us,
            error=self._error,
            error_at_us=self._error_at_us,
            confirmed_us=self._confirmed_us,
            newest_us=self._newest_us,
            readings=self._readings,
            rejected=self._rejected,
            rate=sum(self._by_second[second] for second in recent) / RATE_S,
            lag_ms=self._lags.median(now_s),
            clock_offset_ms=offset_ms,
            notices=(*([sentence] if sentence else []), *self._notices.values()),
        )

    def written(self, figures: StatusFigures) -> None:
        """Count only what came after the figures from now on."""
        self._readings -= figures.readings
        self._rejected -= figures.rejected


def clock_sentence(offset_ms: float | None) -> str:
    """Return the sentence about a source's clock; empty if the clock is right, or nothing is known."""
    if offset_ms is None or abs(offset_ms) <= WARN_OFFSET_MS:
        return ""
    off = f"{abs(offset_ms) / 1000:,.0f} s {'ahead of' if offset_ms > 0 else 'behind'} this server's clock"
    if abs(offset_ms) <= WRONG_OFFSET_MS:
        return f"The source's clock is {off}: check its time synchronisation."
    effect = "so its readings are rejected as in the future" if offset_ms > 0 else "so its readings come late"
    return f"The source's clock is {off}, {effect}. Set the clock, or switch on 'use receive time'."
