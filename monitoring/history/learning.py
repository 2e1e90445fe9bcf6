"""Read which tags the detectors are still learning, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any

from monitoring.kernel.clock import iso_utc
from monitoring.models import TagLearning

MOST_TAGS = 20
SENTENCE = "Fermon is learning what is normal"


@dataclass(frozen=True, slots=True)
class LearningTag:
    """A tag, and when the detectors will have learned what is normal for it."""

    tag: str
    ready: datetime

    def text(self, now: datetime) -> str:
        """Return the time to go in words; without readings no time passes."""
        minutes = ceil((self.ready - now).total_seconds() / 60)
        return f"about {minutes} min to go" if minutes > 0 else "waiting for readings"


@dataclass(frozen=True, slots=True)
class Learning:
    """The tags in use that the detectors are learning: ``count`` of them, the last to be ready first."""

    count: int = 0
    tags: Sequence[LearningTag] = field(default_factory=tuple)

    def text(self, now: datetime) -> str:
        """Return the state of all tags in a sentence; empty if the detectors have learned all."""
        return f"{SENTENCE}: {self.tags[0].text(now)}" if self.tags else ""

    def as_json(self, now: datetime) -> dict[str, Any]:
        """Return the part of ``/health``."""
        return {
            "count": self.count,
            "text": self.text(now),
            "tags": [
                {"tag": one.tag, "ready": iso_utc(one.ready), "text": one.text(now)} for one in self.tags
            ],
        }


def read_learning() -> Learning:
    """Return the tags that the detectors are learning, at most ``MOST_TAGS`` of them by name."""
    rows = TagLearning.objects.filter(tag__active=True).order_by("-ready", "tag")
    found = [LearningTag(name, ready) for name, ready in rows.values_list("tag__name", "ready")[:MOST_TAGS]]
    return Learning(rows.count() if len(found) == MOST_TAGS else len(found), tuple(found))
