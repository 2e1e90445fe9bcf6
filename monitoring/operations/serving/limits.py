"""How much time and room one connection may take before its request reaches Django."""

# From the first byte of a request to the end of its headers; an unused connection is closed after as long.
HEADERS_S = 10
BODY_S = 10.0
# A body may take longer than BODY_S while it arrives at this rate: 8 MiB in less than nine minutes.
LEAST_BYTES_A_SECOND = 16 * 1024
# What has arrived of larger bodies waits in memory, so only some are read at a time.
LARGE_BODY_BYTES = 64 * 1024
LARGE_BODIES = 32
# An answer of which the client takes nothing for this long is cut off.
BLOCKED_WRITE_S = 60
# Of an answer, so much waits in the system for its client; by itself it would take megabytes for each.
UNREAD_BYTES = 128 * 1024


class RefusedRequestError(Exception):
    """A request that Django is not asked about: the answer's status, and why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def too_slow() -> RefusedRequestError:
    """Return the error of a body that was not there in time."""
    return RefusedRequestError(
        408,
        f"body: expected within {BODY_S:.0f} s, or at {LEAST_BYTES_A_SECOND // 1024} KiB a second"
        " if it is larger; send it whole and without pauses",
    )


def malformed() -> RefusedRequestError:
    """Return the error of a body whose end cannot be told."""
    return RefusedRequestError(400, "body: expected chunks as in RFC 9112, section 7.1, got something else")


def seconds_allowed(received: int) -> float:
    """Return how long a body may take in all, of which so many bytes have arrived."""
    return BODY_S + received / LEAST_BYTES_A_SECOND
