"""Token buckets: ``per_minute`` calls at once, refilled evenly over each minute."""

import threading
from dataclasses import dataclass, field
from typing import cast

from monitoring.kernel.redis_link import RedisLink

MAX_BUCKETS = 10_000
MINUTE_S = 60.0

# The value of a caller's key is the time, by Redis's clock, at which the bucket will be full again.
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
class TokenBucket:
    """One token bucket per caller, in the memory of this process.

    A bucket holds at most ``per_minute`` calls and refills at ``per_minute`` calls a minute. Times are
    seconds of any monotonic clock.
    """

    left: dict[str, tuple[float, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, caller: str, *, per_minute: int, now: float) -> float:
        """Take one call; return 0 if allowed, else the seconds until one is."""
        with self.lock:
            left, since = self.left.pop(caller, (float(per_minute), now))
            left = min(per_minute, left + (now - since) * per_minute / MINUTE_S)
            allowed = left >= 1
            self.left[caller] = (left - allowed, now)
            if len(self.left) > MAX_BUCKETS:  # the bucket unused for longest is the fullest
                del self.left[next(iter(self.left))]
        return 0.0 if allowed else (1 - left) * MINUTE_S / per_minute


@dataclass(frozen=True, slots=True)
class RedisTokenBucket:
    """One token bucket per caller in Redis, shared by all processes; same rule as ``TokenBucket``."""

    link: RedisLink

    def wait(self, caller: str, *, per_minute: int) -> float:
        """Take one call; return 0 if allowed, else the seconds until one is.

        Raises:
            RedisAwayError: Redis is unavailable.
        """
        key = f"fermon:allowance:{caller}"
        answer = self.link.ask(lambda client: client.eval(TAKE_ONE, 1, key, str(per_minute), str(MINUTE_S)))
        return float(cast(bytes, answer))
