"""Limits for the child processes of the worker: the time to stop, and the pause before a restart."""

# Less than the 5 s that start.sh waits after it stopped the server.
STOP_S = 4.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
# A process that lasted for so long did not fail at once: the next pause is short again.
LASTING_S = 300.0


def next_pause_s(pause_s: float, *, lasted_s: float) -> float:
    """Return the pause before the next start, in seconds: twice the last one after each early failure."""
    return FIRST_PAUSE_S if lasted_s > LASTING_S else min(2 * pause_s, LONGEST_PAUSE_S)
