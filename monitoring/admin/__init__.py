"""Django admin: edit tags, browse read-only measurements and events. One module per subject."""

from monitoring.admin.alarm_definitions import AlarmDefinitionAdmin
from monitoring.admin.alarms import AlarmJournalAdmin, AlarmOccurrenceAdmin, AlarmStateAdmin
from monitoring.admin.audit import TrailAdmin
from monitoring.admin.batches import BatchAdmin, SampleAdmin
from monitoring.admin.deviations import BatchWatchAdmin, DeviationAdmin
from monitoring.admin.events import EventAdmin
from monitoring.admin.exclusions import ExcludedMeasurementAdmin, ExclusionAdmin
from monitoring.admin.file_imports import FileImportAdmin, ImportMappingAdmin
from monitoring.admin.host_clocks import HostClockAdmin
from monitoring.admin.leases import LeaseAdmin
from monitoring.admin.measurements import MeasurementAdmin
from monitoring.admin.notes import NoteAdmin
from monitoring.admin.notifications import (
    ChannelAdmin,
    DeliveryAdmin,
    DeliveryAttemptAdmin,
    EscalationAdmin,
    MaintenanceWindowAdmin,
    PersonAdmin,
    PushSubscriptionAdmin,
    RouteAdmin,
    ScheduleAdmin,
)
from monitoring.admin.profiles import ProfileAdmin
from monitoring.admin.recipes import RecipeAdmin
from monitoring.admin.refusals import RefusalAdmin, RefusalCountAdmin
from monitoring.admin.replacements import ReplacementAdmin
from monitoring.admin.saved_views import SavedViewAdmin
from monitoring.admin.series import SeriesAdmin
from monitoring.admin.set_aside import SetAsideReadingAdmin
from monitoring.admin.sign_in import ExternalIdentityAdmin, TOTPDeviceAdmin
from monitoring.admin.sources import (
    QualitySpanAdmin,
    SourceAdmin,
    SourceGapAdmin,
    SourceJobAdmin,
    SourceMappingAdmin,
    SourcePointAdmin,
    SourceStatusAdmin,
)
from monitoring.admin.tags import TagAdmin
from monitoring.admin.tokens import TokenAdmin
from monitoring.admin.vessels import VesselAdmin, VesselTagAdmin

# Django's autodiscovery imports only this package; importing a module registers its admin classes.
__all__ = [
    "AlarmDefinitionAdmin",
    "AlarmJournalAdmin",
    "AlarmOccurrenceAdmin",
    "AlarmStateAdmin",
    "BatchAdmin",
    "BatchWatchAdmin",
    "ChannelAdmin",
    "DeliveryAdmin",
    "DeliveryAttemptAdmin",
    "DeviationAdmin",
    "EscalationAdmin",
    "EventAdmin",
    "ExcludedMeasurementAdmin",
    "ExclusionAdmin",
    "ExternalIdentityAdmin",
    "FileImportAdmin",
    "HostClockAdmin",
    "ImportMappingAdmin",
    "LeaseAdmin",
    "MaintenanceWindowAdmin",
    "MeasurementAdmin",
    "NoteAdmin",
    "PersonAdmin",
    "ProfileAdmin",
    "PushSubscriptionAdmin",
    "QualitySpanAdmin",
    "RecipeAdmin",
    "RefusalAdmin",
    "RefusalCountAdmin",
    "ReplacementAdmin",
    "RouteAdmin",
    "SampleAdmin",
    "SavedViewAdmin",
    "ScheduleAdmin",
    "SeriesAdmin",
    "SetAsideReadingAdmin",
    "SourceAdmin",
    "SourceGapAdmin",
    "SourceJobAdmin",
    "SourceMappingAdmin",
    "SourcePointAdmin",
    "SourceStatusAdmin",
    "TOTPDeviceAdmin",
    "TagAdmin",
    "TokenAdmin",
    "TrailAdmin",
    "VesselAdmin",
    "VesselTagAdmin",
]
