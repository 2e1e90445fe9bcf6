"""The line that shows whether data arrives, before the scripts update the page.

``static/monitoring/js/live/link-state.js`` has the same rule, with these words and patterns.
"""

from dataclasses import dataclass
from datetime import datetime

from monitoring.dashboard import words
from monitoring.dashboard.moments import age_s
from monitoring.kernel.number_format import AGE, span_text

LINK_WORDS = {
    "live": "Live",
    "stale": "Stale",
    "empty": "No data yet",
    "database": "Database away",
    "offline": "No connection to the server",
    "denied": "Signed out",
    "broken": "Server error",
}
# The scripts show the word of this state while no stream is open.
POLLING = "{}, renewed every 5 s"
# ``time`` is that of the newest reading, or of the last answer; ``age`` is its age.
LINK_DETAILS = {
    "live": "last reading {age} ago",
    "stale": "no new reading since {time} ({age} ago)",
    "empty": "waiting for the first reading",
    "denied": "since {time}. What is shown is of then.",
    "database": "since {time}. What is shown is of then; trying again every second.",
    "offline": "since {time}. What is shown is of then; trying again every second.",
    "broken": "since {time}. What is shown is of then; trying again every second.",
}
LINK_ICONS = {
    "live": "live",
    "stale": "stale",
    "empty": "empty",
    "database": "offline",
    "offline": "offline",
    "denied": "problem",
    "broken": "problem",
}


@dataclass(frozen=True, slots=True)
class Link:
    """The state of the data connection, a key of LINK_WORDS, and the time and age in the detail."""

    state: str
    time_text: str = ""
    age_text: str = ""

    @property
    def word(self) -> str:
        """Return the state in words."""
        return LINK_WORDS[self.state]

    @property
    def detail(self) -> str:
        """Return since when, or how long ago."""
        return LINK_DETAILS[self.state].format(time=self.time_text, age=self.age_text)

    @property
    def icon(self) -> str:
        """Return the name of the state's icon."""
        return LINK_ICONS[self.state]


def link_of(newest: datetime | None, stale_after_s: int, now: datetime) -> Link:
    """Return the state of the data connection, from the time of the newest measurement of all tags."""
    if newest is None:
        return Link("empty")
    age = age_s(newest, now)
    state = "stale" if age > stale_after_s else "live"
    return Link(state, words.moment_text(newest, now), span_text(age, AGE))


def link_without_database(now: datetime) -> Link:
    """Return the state of the data connection while the database is away."""
    return Link("database", words.moment_text(now, now))
