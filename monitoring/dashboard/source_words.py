"""The words of the pages of sources: state, rate, lag, clock, gaps, steps of a job."""

from datetime import datetime

from monitoring.dashboard.words import duration_text
from monitoring.models import SourceJob
from monitoring.sources.reading import CLOCK_PROBLEM_MS, SourceView
from monitoring.sources.session import State

# A shape and a word each: no state is told by colour.
COLLECTED = {
    State.OFF: ("–", "off"),
    State.STANDBY: ("○", "waits: no collector runs"),
    State.CONNECTING: ("…", "connecting"),
    State.CONNECTED: ("●", "connected"),
    State.FAILED: ("✗", "failed, tries again"),
}
RECEIVED = COLLECTED | {
    State.STANDBY: ("○", "nothing has arrived yet"),
    State.CONNECTED: ("●", "receives readings"),
    State.FAILED: ("✗", "failed"),
}
JOBS = {"test": "Connection test", "discover": "Discovery", "listen": "Listening"}
WAITS_LONG_S = 5.0
SECOND_MS, MINUTE_MS = 1_000, 60_000


def state_words(view: SourceView) -> tuple[str, str]:
    """Return shape and words of a state."""
    return (COLLECTED if view.is_collected else RECEIVED)[view.state]


def rate_text(rate: float | None) -> str:
    """Return readings a second; a minute or an hour where that reads better."""
    if rate is None:
        return ""
    for unit, factor in (("s", 1), ("min", 60), ("h", 3600)):
        if rate * factor >= 1 or unit == "h":
            break
    amount = rate * factor
    return f"{amount:,.0f}/{unit}" if amount >= 10 or amount == int(amount) else f"{amount:.1f}/{unit}"


def milliseconds_text(ms: float | None) -> str:
    """Return a short span with its unit."""
    if ms is None:
        return ""
    if abs(ms) < SECOND_MS:
        return f"{ms:.0f} ms"
    return f"{ms / SECOND_MS:.1f} s" if abs(ms) < MINUTE_MS else duration_text(abs(ms) / SECOND_MS)


def clock_text(offset_ms: float | None) -> str:
    """Return how far the clock of a source is off, with advice where readings will be refused."""
    if offset_ms is None:
        return ""
    if abs(offset_ms) < 1:
        return "right"
    direction = "ahead" if offset_ms > 0 else "behind"
    text = f"{milliseconds_text(abs(offset_ms))} {direction}"
    if offset_ms > CLOCK_PROBLEM_MS:
        text += ": its readings are refused as in the future. Set its clock, or use the receive time"
    return text


def gaps_text(view: SourceView) -> str:
    """Return the gaps of the last day; empty if there are none."""
    if not view.gaps:
        return ""
    length = duration_text(view.gap_s)
    return f"1 of {length}" if view.gaps == 1 else f"{view.gaps}, {length} in all"


def scale_text(factor: float, offset: float) -> str:
    """Return factor and offset of a mapping; empty if values are stored as they come."""
    parts = [f"× {factor:g}"] if factor != 1 else []
    if offset:
        parts.append(f"{'+' if offset > 0 else '−'} {abs(offset):g}")
    return " ".join(parts)


def job_words(job: SourceJob, now: datetime) -> str:
    """Return the progress of a job in a sentence."""
    name = JOBS.get(job.kind, job.kind.capitalize())
    if job.state == SourceJob.State.DONE:
        return f"{name}: done."
    if job.state == SourceJob.State.FAILED:
        return f"{name}: failed. The last step says why."
    if job.state == SourceJob.State.RUNNING:
        return f"{name} runs ..."
    if (now - job.asked_at).total_seconds() < WAITS_LONG_S:
        return f"{name} begins ..."
    return (
        f"{name} waits: no collector has taken it up. './start.sh' starts one; by hand: 'manage.py collect'."
    )
