"""Stored reasons in words: of rejected readings and of anomalies."""

REJECTION_WORDS = {
    "not_a_reading": "not a reading",
    "no_tag": "without a tag",
    "unknown_tag": "of an unknown tag",
    "inactive_tag": "of a tag that is not in use",
    "bad_timestamp": "with an unreadable timestamp",
    "in_future": "in the future",
    "too_old": "older than the retention",
    "not_a_number": "not a number",
    "below_valid_range": "below the valid range",
    "above_valid_range": "above the valid range",
    "conflict": "another value at a stored time",
    "archive_away": "of archived time while the archive is away",
}
VIOLATION_WORDS = {
    "below_limit": "below the limit",
    "above_limit": "above the limit",
    "rolling_3sigma": "outside rolling mean ± 3σ",
}


def reason_text(reason: str) -> str:
    """Return the reason in words; a reason without a text by its name."""
    return REJECTION_WORDS.get(reason) or VIOLATION_WORDS.get(reason) or reason.replace("_", " ")
