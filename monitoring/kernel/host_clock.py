"""Compare the host's clock with the seconds since the machine started, which cannot jump."""

import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

# A clock that is further off than this has jumped. Retention counts in days, so less does no harm.
TOLERANCE = timedelta(days=1)
NO_JUMP = timedelta(0)
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The state of the host's clocks at one moment.

    ``uptime_s`` is the number of seconds since the machine started, by a clock that cannot be set. ``boot``
    identifies the start of the machine if the system has such an id; else the host's name.
    """

    now: datetime
    uptime_s: float
    boot: str
    host: str


@dataclass(frozen=True, slots=True)
class ClockState:
    """A reading and the expected time: the time when the clock was last known good, plus the elapsed time.

    ``good_until`` is the latest moment at which the clock was known good.
    """

    reading: ClockReading
    expected: datetime
    good_until: datetime

    @property
    def jump(self) -> timedelta:
        """Return the jump of the clock, forwards or (negative) backwards; zero within the tolerance."""
        off = self.reading.now - self.expected
        return off if abs(off) > TOLERANCE else NO_JUMP

    @property
    def problem(self) -> str:
        """Return the jump in words, with the remedy; empty without a jump."""
        return jump_problem(self.reading.host, self.jump)


def jump_problem(host: str, jump: timedelta) -> str:
    """Return the consequences of a jump and the remedy; empty without a jump."""
    if not jump:
        return ""
    days = abs(jump) / timedelta(days=1)
    way = "ahead of" if jump > NO_JUMP else "behind"
    return (
        f"The clock of {host} jumped: it is {round(days, 1):g} days {way} the expected time. Retention is"
        " stopped, and nothing is deleted by the clock. Set the clock right; if it is right, confirm it:"
        " 'Host clocks' in the admin, or 'manage.py confirm_clock'."
    )


def expect_after_start(now: datetime, reference: datetime | None) -> datetime:
    """Return the expected time after a start: the clock's own if near the reference, else the reference."""
    if reference is None or abs(now - reference) <= TOLERANCE:
        return now
    return reference


def read_clock() -> ClockReading:
    """Read the clock of this host."""
    host = socket.gethostname()
    return ClockReading(datetime.now(UTC), uptime(), boot_id() or host, host)


def uptime() -> float:
    """Return the seconds since the machine started, on Linux including suspended time."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def boot_id() -> str:
    """Return Linux's id of this start of the machine; empty on other systems."""
    with suppress(OSError):
        return BOOT_ID.read_text(encoding="ascii").strip()
    return ""
