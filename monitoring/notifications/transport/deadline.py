"""A deadline that bounds an attempt as a whole, however many steps it has."""

import time


class Deadline:
    """A time, by the monotonic clock, at which an attempt ends."""

    def __init__(self, limit_s: float) -> None:
        self.at = time.monotonic() + limit_s

    def left(self) -> float:
        """Return the seconds left.

        Raises:
            TimeoutError: none are left.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time limit is over")
        return left

    def shorten(self, limit_s: float) -> None:
        """End at most ``limit_s`` seconds from now."""
        self.at = min(self.at, time.monotonic() + limit_s)
