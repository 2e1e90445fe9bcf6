"""Forecasts of a batch as lines: on the tile of the vessel, and on the page of the batch."""

from dataclasses import dataclass
from datetime import datetime

from monitoring.batches.forecast.reading import Forecast, record_text
from monitoring.dashboard.moments import Moment, moment

MOST_LIMITS = 2  # of a tile


@dataclass(frozen=True, slots=True)
class ForecastLine:
    """A forecast: ``text``, a range of time if there is one, and how often such forecasts were right."""

    text: str
    record: str
    low: Moment | None = None
    high: Moment | None = None


def forecast_lines(forecast: Forecast, now: datetime, most: int = MOST_LIMITS) -> list[ForecastLine]:
    """Return the lines: up to ``most`` limits, the next one first, then the end of the phase."""
    lines = [ForecastLine(each.sentence, record_text(each)) for each in forecast.limits[:most]]
    if end := forecast.phase_end:
        low, high = moment(end.low, now), moment(end.high, now)
        lines.append(ForecastLine(f"{end.phase} ends", record_text(end), low, high))
    return lines
