"""Missing data: readings that stop coming."""

from dataclasses import dataclass, field

from monitoring.detection.detectors.course import Course
from monitoring.detection.detectors.habit import Habit
from monitoring.kernel.number_format import Words, duration
from monitoring.kernel.state import Stateful

GRACE = 30  # readings
FADE = 0.5 ** (8 / 86_400)  # a block of readings


@dataclass(slots=True)
class Missing(Stateful):
    """Finds a time without a reading longer than ``intervals`` times the usual interval between them.

    It is also longer than ``margin`` times the longest normal one, which fades by half in a day's readings
    at 1 Hz. What was found is normal only if it is found more than 24 times a day. Times in s.

    Grace: 30 readings.

    Source: the usual interval is an exponential mean over 64 intervals, each at most 4 times the mean.
    """

    intervals: float = 10.0
    margin: float = 1.5
    longest: float = field(default=0.0, init=False)

    habit: Habit = field(default_factory=Habit, init=False)

    STATE = ("longest", "habit")

    def reach(self, course: Course) -> float:
        """After how long a silence, in s, readings are missing."""
        return max(self.intervals * course.interval, self.margin * self.longest)

    def score(self, course: Course, silence: float) -> float:
        """How long the time without a reading is, against its reach; ``silence`` in s."""
        if course.count < GRACE or not course.interval:
            return 0.0
        return silence / self.reach(course)

    def fade(self) -> None:
        """A block of 8 readings has passed."""
        self.longest *= FADE
        self.habit.fade()

    def learn(self, course: Course, silence: float) -> None:
        """Lets the time before a reading teach."""
        if silence <= self.longest:
            return
        if self.score(course, silence) > 1:
            self.habit.add()
            if not self.habit.is_formed:
                return
        self.longest = silence

    def explain(self, course: Course, words: Words, silence: float) -> tuple[str, str]:
        """Kind and sentence."""
        return (
            "missing",
            f"no reading of {words.name} for {duration(silence)};"
            f" one normally comes every {duration(course.interval)}",
        )
