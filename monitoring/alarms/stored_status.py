"""The status of an alarm in a row of the table, and back."""

from monitoring.alarms.state_machine import Status, Suppression
from monitoring.models import AlarmState


def status_of(row: AlarmState) -> Status:
    """Return the fields of the row that the state derives from."""
    return Status(
        row.is_active, row.is_acknowledged, row.is_latched, Suppression(row.suppression), row.is_one_shot
    )


def set_status(state: AlarmState, status: Status) -> None:
    """Set the fields of the row to the status; the end of a suppression clears its reason."""
    state.is_active = status.is_active
    state.is_acknowledged = status.is_acknowledged
    state.is_latched = status.is_latched
    state.suppression = str(status.suppression)
    state.is_one_shot = status.is_one_shot
    if not status.suppression:
        state.suppressed_at = state.suppressed_until = None
        state.suppressed_by = state.suppression_reason = ""
