"""Changes are recorded under a name only within the block, in whatever thread."""

from concurrent.futures import ThreadPoolExecutor

from auditlog.context import auditlog_value

from monitoring.access.audit_trail import recorded_as


def test_afterwards_the_thread_is_as_it_was() -> None:
    """A value of None left in a thread fails each change there while another thread records under a name."""

    def record() -> tuple[object, object]:
        with recorded_as("anna", address="10.0.0.7"):
            within = auditlog_value.get()["actor_email"]
        return within, auditlog_value.get("unset")

    with ThreadPoolExecutor(1) as beside:
        assert beside.submit(record).result() == ("anna", "unset")


def test_a_block_within_another_ends_with_the_name_of_that_one() -> None:
    with recorded_as("anna"):
        with recorded_as("ben"):
            assert auditlog_value.get()["actor_email"] == "ben"
        assert auditlog_value.get()["actor_email"] == "anna"
