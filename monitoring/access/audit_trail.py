"""Name the author of changes in the audit trail where its middleware, which knows sessions alone, cannot."""

from collections.abc import Iterator
from contextlib import contextmanager

from auditlog.context import auditlog_value, set_extra_data
from django.contrib.auth.models import User


@contextmanager
def recorded_as(author: str, *, user: User | None = None, address: str = "") -> Iterator[None]:
    """Record changes in the block as those of the author, with the account and address if known.

    ``set_extra_data`` leaves its value set: restore the state before, which for most threads is "unset". A
    value of None in its place would fail while another thread records changes.
    """
    before = auditlog_value.set(auditlog_value.get(None))
    try:
        with set_extra_data({"actor": user, "actor_email": author, "remote_addr": address or None}):
            yield
    finally:
        auditlog_value.reset(before)
