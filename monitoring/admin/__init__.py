"""Django admin: edit tags, browse read-only measurements and events. One module per subject."""

from monitoring.admin.alarm_definitions import AlarmDefinitionAdmin
from monitoring.admin.alarms import AlarmJournalAdmin, AlarmOccurrenceAdmin, AlarmStateAdmin
from monitoring.admin.audit import TrailAdmin
from monitoring.admin.events import EventAdmin
from monitoring.admin.exclusions import ExcludedMeasurementAdmin, ExclusionAdmin
from monitoring.admin.host_clocks import HostClockAdmin
from monitoring.admin.leases import LeaseAdmin
from monitoring.admin.measurements import MeasurementAdmin
from monitoring.admin.notes import NoteAdmin
from monitoring.admin.refusals import RefusalAdmin, RefusalCountAdmin
from monitoring.admin.replacements import ReplacementAdmin
from monitoring.admin.series import SeriesAdmin
from monitoring.admin.set_aside import SetAsideReadingAdmin
from monitoring.admin.tags import TagAdmin
from monitoring.admin.tokens import TokenAdmin

# Django's autodiscovery imports only this package; importing a module registers its admin classes.
__all__ = [
    "AlarmDefinitionAdmin",
    "AlarmJournalAdmin",
    "AlarmOccurrenceAdmin",
    "AlarmStateAdmin",
    "EventAdmin",
    "ExcludedMeasurementAdmin",
    "ExclusionAdmin",
    "HostClockAdmin",
    "LeaseAdmin",
    "MeasurementAdmin",
    "NoteAdmin",
    "RefusalAdmin",
    "RefusalCountAdmin",
    "ReplacementAdmin",
    "SeriesAdmin",
    "SetAsideReadingAdmin",
    "TagAdmin",
    "TokenAdmin",
    "TrailAdmin",
]
