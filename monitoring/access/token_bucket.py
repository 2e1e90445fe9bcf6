"""How often somebody may call: so many times at once, and as many again over each minute."""

import threading
from dataclasses import dataclass, field
from typing import cast

from monitoring.kernel.redis_link import RedisLink

MOST_KEPT = 10_000
MINUTE_S = 60.0

# Kept of each caller is one moment, by Redis's clock: when the allowance will be full again.
TAKE_ONE = """
    local now = redis.call('TIME')
    now = now[1] + now[2] / 1000000
    local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0)) + ARGV[2] / ARGV[1]
    if full > now + ARGV[2] then
        return string.format('%.6f', full - now - ARGV[2])
    end
    redis.call('SET', KEYS[1], string.format('%.9f', full), 'PX', math.ceil((full - now) * 1000))
    return '0'
"""


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


@dataclass(frozen=True, slots=True)
class SharedAllowances:
    """What is left to each caller over all processes: the same rule as ``Allowances``, kept in Redis."""

    link: RedisLink

    def wait(self, caller: str, *, per_minute: int) -> float:
        """Takes one call: 0 if it is allowed, else the seconds until one is.

        Raises:
            RedisAwayError: Redis can't be used now.
        """
        key = f"fermon:allowance:{caller}"
        answer = self.link.ask(lambda client: client.eval(TAKE_ONE, 1, key, str(per_minute), str(MINUTE_S)))
        return float(cast(bytes, answer))
