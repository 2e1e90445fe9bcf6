"""Limits of time and memory for one connection before its request reaches Django."""

# From the first byte of a request to the end of its headers; an unused connection is closed after as long.
HEADERS_S = 10
BODY_S = 10.0
# A body may take longer than BODY_S while it arrives at this rate: 8 MiB in less than nine minutes.
LEAST_BYTES_A_SECOND = 16 * 1024
# Larger bodies collect in memory while they arrive, so only some are read at a time.
LARGE_BODY_BYTES = 64 * 1024
LARGE_BODIES = 32
# An answer is cut off if the client takes nothing for this long.
BLOCKED_WRITE_S = 60
# Bytes of an answer that the system buffers for a slow client; the default would be megabytes for each.
UNREAD_BYTES = 128 * 1024


class RejectedRequestError(Exception):
    """A request that is rejected before Django sees it, with the answer's status and reason."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def too_slow() -> RejectedRequestError:
    """Return the error for a body that did not arrive in time."""
    return RejectedRequestError(
        408,
        f"body: expected within {BODY_S:.0f} s, or at {LEAST_BYTES_A_SECOND // 1024} KiB a second"
        " if it is larger; send it whole and without pauses",
    )


def malformed() -> RejectedRequestError:
    """Return the error for a body whose end cannot be determined."""
    return RejectedRequestError(400, "body: expected chunks as in RFC 9112, section 7.1, got something else")


def seconds_allowed(received: int) -> float:
    """Return the total time allowed for a body, in seconds, after ``received`` bytes."""
    return BODY_S + received / LEAST_BYTES_A_SECOND
