"""Every reason that is stored has words."""

from monitoring.ingest.rules.limits import ABOVE_LIMIT, BELOW_LIMIT
from monitoring.ingest.rules.rolling_sigma import ROLLING_3SIGMA
from monitoring.ingest.validate import RejectionReason
from monitoring.kernel.reason_words import REJECTION_WORDS, VIOLATION_WORDS, reason_text


def test_every_stored_reason_has_words() -> None:
    assert set(REJECTION_WORDS) == set(RejectionReason)
    assert set(VIOLATION_WORDS) == {BELOW_LIMIT, ABOVE_LIMIT, ROLLING_3SIGMA}


def test_a_reason_of_a_later_version_is_shown_by_its_name() -> None:
    assert reason_text("too_fast") == "too fast"
    assert reason_text("in_future") == "in the future"
