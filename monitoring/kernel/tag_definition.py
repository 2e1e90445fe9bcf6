"""The definition of a tag, and the default tags of a new installation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

STALE_AFTER_S = 10
HOLD_S = 10
LOAD_GROUP = "load"  # of the tags of load tests, which key figures leave out
LARGEST_VALUE = 1e100  # a year's sums, and the squares in σ, stay far below what a float holds


States = tuple[tuple[int, str], ...]  # values of a discrete tag in ascending order, each with a name
INTEGER = re.compile(r"0|-?[1-9][0-9]{0,8}")
MOST_STATES = 64
LONGEST_STATE_NAME = 32


class OnConflict(StrEnum):
    """The treatment of a reading with a tag and timestamp that already have another value."""

    REFUSE = "refuse"
    KEEP_FIRST = "keep_first"
    KEEP_LAST = "keep_last"


class TagKind(StrEnum):
    """The kind of a tag's values, after OPC UA Part 8: it decides which rules and detectors make sense.

    ``ANALOG``: a measured quantity. ``SETPOINT``: a number that a person or a recipe sets, in steps.
    ``DISCRETE``: one of few states, a switch or a step. ``COUNTER``: a total that grows, and starts again.
    """

    ANALOG = "analog"
    SETPOINT = "setpoint"
    DISCRETE = "discrete"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class TagDefinition:
    """The definition of one tag for the rules. All bounds are in the tag's unit and inclusive.

    ``valid_min`` to ``valid_max`` is the valid range of the sensor; values beyond ``LARGEST_VALUE`` are
    rejected in any case. ``lower_limit`` to ``upper_limit`` are the alarm limits of the process (None: no
    limit on that side). Retention has deleted measurements before ``raw_from`` (None: none). ``group`` is the
    vessel; the tag is stale after ``stale_after_s`` seconds without a reading. ``on_conflict`` is one of
    ``OnConflict``. ``decimals`` is the number that a person has set for values as shown (None: automatic),
    ``display_name`` the name for people (empty: the name). ``kind`` is one of ``TagKind``; ``states`` are the
    names of a discrete tag's values, by number.
    """

    name: str
    unit: str
    valid_min: float
    valid_max: float
    lower_limit: float | None = None
    upper_limit: float | None = None
    description: str = ""
    active: bool = True
    raw_from: datetime | None = None
    group: str = ""
    stale_after_s: int = STALE_AFTER_S
    on_conflict: str = OnConflict.REFUSE
    decimals: int | None = None
    display_name: str = ""
    kind: str = TagKind.ANALOG
    states: States = ()

    @property
    def is_analog(self) -> bool:
        """Return whether statistics of the values make sense: the 3σ rule and most detectors."""
        return self.kind == TagKind.ANALOG

    def state_of(self, value: float | None) -> str | None:
        """Return the name of the state that a value stands for; None without a name."""
        return next((name for number, name in self.states if number == value), None)

    @property
    def shown_name(self) -> str:
        """Return the name for people."""
        return self.display_name or self.name


def states_of(named: Mapping[str, str]) -> States:
    """Return the names of states as stored, keys being integers in text form, in order of the integers.

    Other keys, which no form accepts, are left out: no tag may stop the readings of the others.
    """
    return tuple(sorted((int(number), name) for number, name in named.items() if INTEGER.fullmatch(number)))


def states_error(named: object) -> str | None:
    """Return why ``named`` cannot be the states of a discrete tag, and the expected form; None if it can."""
    if not isinstance(named, dict):
        return f'Expected names by number, as in {{"0": "idle", "1": "feed"}}, not {named!r}.'
    if len(named) > MOST_STATES:
        return f"{len(named)} states; expected at most {MOST_STATES}."
    for number, name in named.items():
        if not isinstance(number, str) or not INTEGER.fullmatch(number):
            return f"{number!r} is no state: expected an integer, as 0, 1 or -1."
        if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_STATE_NAME:
            return f"The name of state {number}: expected 1 to {LONGEST_STATE_NAME} characters, not {name!r}."
    return None


@dataclass(frozen=True, slots=True)
class SimulationProfile:
    """The simulated signal of a tag: a sinusoid with noise that stays in [low, high].

    ``period_s`` is in seconds, ``noise`` the standard deviation in the tag's unit, ``fault_rate`` the share
    of readings during faults, ``decimals`` the resolution of the sensor.
    """

    low: float
    high: float
    period_s: float
    noise: float
    fault_rate: float
    decimals: int


@dataclass(frozen=True, slots=True)
class DefaultTag:
    """A row of the table below: a tag and the simulated signal."""

    definition: TagDefinition
    profile: SimulationProfile


DEFAULT_TAGS = (
    DefaultTag(
        TagDefinition("fermenter_temp", "°C", 30, 50, 35, 45, "Temperature of the broth"),
        SimulationProfile(35, 40, period_s=1800, noise=0.15, fault_rate=0.05, decimals=2),
    ),
    DefaultTag(
        TagDefinition("fermenter_ph", "pH", 5, 9, 6, 8, "Acidity of the broth"),
        SimulationProfile(6.5, 7.5, period_s=2700, noise=0.03, fault_rate=0.04, decimals=3),
    ),
    DefaultTag(
        TagDefinition("agitator_rpm", "rpm", 200, 700, 250, 650, "Speed of the agitator"),
        SimulationProfile(300, 600, period_s=1200, noise=8.0, fault_rate=0.03, decimals=1),
    ),
)
