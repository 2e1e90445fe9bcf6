"""Read the forecasts of running batches, as JSON objects and as lines for people."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.batches.forecast.crossing import LOW
from monitoring.batches.forecast.forecasting import present_phase
from monitoring.kernel.clock import iso_or_none, iso_utc
from monitoring.models import Batch, BatchForecast, BatchState

FRESH = timedelta(minutes=5)  # older forecasts of limits are not shown
PHASE_FRESH = timedelta(minutes=15)
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class PhaseEnd:
    """The expected end of a phase, from ``low`` to ``high``, and how often such forecasts were right."""

    phase: str
    expected_end: datetime
    low: datetime
    high: datetime
    hits: int
    tries: int


@dataclass(frozen=True, slots=True)
class LimitForecast:
    """A limit that a tag crosses in about so many minutes, and how often such forecasts were right."""

    tag: str
    title: str
    unit: str
    side: str
    limit: float
    minutes: int
    hits: int
    tries: int

    @property
    def sentence(self) -> str:
        """Return "DO < 20 % in about 11 min"."""
        sign = "<" if self.side == LOW else ">"
        return f"{self.title} {sign} {self.limit:g} {self.unit}".rstrip() + f" in about {self.minutes} min"


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecasts of a batch that were right often enough, the next limit first."""

    phase_end: PhaseEnd | None = None
    limits: tuple[LimitForecast, ...] = ()


def read_forecast(batch: Batch, *, now: datetime) -> Forecast:
    """Return the forecasts of a batch; none unless the batch runs and they are of the last minutes."""
    return read_forecasts([batch], now=now).get(batch.pk, Forecast())


def read_forecasts(batches: Iterable[Batch], *, now: datetime) -> Mapping[int, Forecast]:
    """Return the forecasts of running batches by id, in one query."""
    running = {each.pk: each for each in batches if each.state == BatchState.RUNNING}
    rows = BatchForecast.objects.filter(batch__in=running) if running else ()
    return {row.pk: forecast_of(running[row.pk], row, now) for row in rows}


def forecast_of(batch: Batch, row: BatchForecast, now: datetime) -> Forecast:
    """Return what is still valid of a stored forecast."""
    is_fresh = row.upto <= now < row.upto + FRESH
    return Forecast(
        phase_end_of(batch, row, now), tuple(limit_of(each, now) for each in row.limits) if is_fresh else ()
    )


def phase_end_of(batch: Batch, row: BatchForecast, now: datetime) -> PhaseEnd | None:
    """Return the stored end of the phase; None for that of another phase, or an old one."""
    stored, (name, begin) = row.phase_end, present_phase(batch)
    if stored is None or not row.phase_end_at <= now < row.phase_end_at + PHASE_FRESH:
        return None
    if (stored["phase"], stored["began"]) != (name, iso_or_none(begin)):
        return None
    return PhaseEnd(
        phase=name,
        expected_end=datetime.fromisoformat(stored["expected_end"]),
        low=datetime.fromisoformat(stored["low"]),
        high=datetime.fromisoformat(stored["high"]),
        hits=stored["hits"],
        tries=stored["tries"],
    )


def limit_of(stored: Mapping[str, Any], now: datetime) -> LimitForecast:
    """Return the stored forecast of a limit, in minutes from now: at least one."""
    left_s = (datetime.fromisoformat(stored["crosses_at"]) - now).total_seconds()
    return LimitForecast(
        **{name: stored[name] for name in ("tag", "title", "unit", "side", "limit", "hits", "tries")},
        minutes=max(1, round(left_s / MINUTE_S)),
    )


def forecast_json(forecast: Forecast) -> dict[str, Any]:
    """Return the answer of ``/batches/<id>/forecast``."""
    end = forecast.phase_end
    return {
        "phase_end": end
        and {
            "phase": end.phase,
            "expected_end": iso_utc(end.expected_end),
            "low": iso_utc(end.low),
            "high": iso_utc(end.high),
            **record_json(end),
        },
        "limits": [
            {
                **{name: getattr(each, name) for name in ("tag", "title", "side", "limit", "minutes")},
                "sentence": each.sentence,
                **record_json(each),
            }
            for each in forecast.limits
        ],
    }


def record_json(found: PhaseEnd | LimitForecast) -> dict[str, Any]:
    """Return how often such forecasts were right."""
    return {"hit_rate": round(found.hits / found.tries, 3), "tries": found.tries}


def record_text(found: PhaseEnd | LimitForecast) -> str:
    """Return "right 12 of 14 times"."""
    return f"right {found.hits} of {found.tries} times"
