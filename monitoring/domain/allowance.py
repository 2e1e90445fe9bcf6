"""How often somebody may call: so many times at once, and as many again over each minute."""

import threading
from dataclasses import dataclass, field

MOST_KEPT = 10_000
MINUTE_S = 60.0


@dataclass(slots=True)
class Allowances:
    """What is left to each caller, in this process.

    A caller's allowance fills evenly, ``per_minute`` calls a minute, and never holds more than a
    minute's. Times are seconds of any clock that does not go back.
    """

    left: dict[str, tuple[float, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, caller: str, *, per_minute: int, now: float) -> float:
        """Takes one call: 0 if it is allowed, else the seconds until one is."""
        with self.lock:
            left, since = self.left.pop(caller, (float(per_minute), now))
            left = min(per_minute, left + (now - since) * per_minute / MINUTE_S)
            allowed = left >= 1
            self.left[caller] = (left - allowed, now)
            if len(self.left) > MOST_KEPT:  # whoever has been silent for longest has most left
                del self.left[next(iter(self.left))]
        return 0.0 if allowed else (1 - left) * MINUTE_S / per_minute
