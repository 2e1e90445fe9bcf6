"""The database tables."""

from monitoring.models.alarm import (
    AlarmDefinition,
    AlarmDefinitionVersion,
    AlarmJournalEntry,
    AlarmOccurrence,
    AlarmState,
)
from monitoring.models.archive_file import ArchiveFile
from monitoring.models.backtest import Backtest
from monitoring.models.batch import (
    Batch,
    BatchPhase,
    BatchState,
    MomentSource,
    Profile,
    ProfileMember,
    Sample,
    SampleResult,
)
from monitoring.models.computed_tag import ComputedTag
from monitoring.models.detector_state import DetectorState, TagLearning
from monitoring.models.deviation import BatchWatch, Deviation
from monitoring.models.event import Event
from monitoring.models.exclusion import ExcludedMeasurement, Exclusion
from monitoring.models.external_identity import ExternalIdentity
from monitoring.models.file_import import FileImport, ImportMapping
from monitoring.models.finding import Finding
from monitoring.models.forecast import BatchForecast, BatchHindcast
from monitoring.models.host_clock import HostClock
from monitoring.models.lease import Lease
from monitoring.models.measurement import Measurement
from monitoring.models.note import Note, NoteKind, NoteVersion
from monitoring.models.notification import (
    Channel,
    Delivery,
    DeliveryAttempt,
    Escalation,
    MaintenanceWindow,
    Person,
    PushSubscription,
    Route,
    RouteStep,
    Schedule,
    ScheduleMember,
    ScheduleOverride,
)
from monitoring.models.reading_ahead import ReadingAhead
from monitoring.models.refusal import Refusal, RefusalCount
from monitoring.models.replacement import Replacement
from monitoring.models.rollup import Rollup
from monitoring.models.rule_problem import RuleProblem, WithdrawnMoment
from monitoring.models.saved_view import SavedView
from monitoring.models.series import Series
from monitoring.models.set_aside import SetAsideReading
from monitoring.models.source import (
    PointState,
    Quality,
    QualitySpan,
    Source,
    SourceGap,
    SourceJob,
    SourceMapping,
    SourcePoint,
    SourceStatus,
    SourceTag,
)
from monitoring.models.tag import Tag
from monitoring.models.token import Token
from monitoring.models.vessel import (
    Coordinate,
    Recipe,
    RecipePhase,
    TagFunction,
    Vessel,
    VesselName,
    VesselTag,
)

__all__ = [
    "AlarmDefinition",
    "AlarmDefinitionVersion",
    "AlarmJournalEntry",
    "AlarmOccurrence",
    "AlarmState",
    "ArchiveFile",
    "Backtest",
    "Batch",
    "BatchForecast",
    "BatchHindcast",
    "BatchPhase",
    "BatchState",
    "BatchWatch",
    "Channel",
    "ComputedTag",
    "Coordinate",
    "Delivery",
    "DeliveryAttempt",
    "DetectorState",
    "Deviation",
    "Escalation",
    "Event",
    "ExcludedMeasurement",
    "Exclusion",
    "ExternalIdentity",
    "FileImport",
    "Finding",
    "HostClock",
    "ImportMapping",
    "Lease",
    "MaintenanceWindow",
    "Measurement",
    "MomentSource",
    "Note",
    "NoteKind",
    "NoteVersion",
    "Person",
    "PointState",
    "Profile",
    "ProfileMember",
    "PushSubscription",
    "Quality",
    "QualitySpan",
    "ReadingAhead",
    "Recipe",
    "RecipePhase",
    "Refusal",
    "RefusalCount",
    "Replacement",
    "Rollup",
    "Route",
    "RouteStep",
    "RuleProblem",
    "Sample",
    "SampleResult",
    "SavedView",
    "Schedule",
    "ScheduleMember",
    "ScheduleOverride",
    "Series",
    "SetAsideReading",
    "Source",
    "SourceGap",
    "SourceJob",
    "SourceMapping",
    "SourcePoint",
    "SourceStatus",
    "SourceTag",
    "Tag",
    "TagFunction",
    "TagLearning",
    "Token",
    "Vessel",
    "VesselName",
    "VesselTag",
    "WithdrawnMoment",
]
