"""URL patterns of the API, without a trailing slash, as the API contract requires."""

from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from monitoring.api.alarm_advice import AlarmAdviceView
from monitoring.api.alarm_definitions import AlarmDefinitionViewSet
from monitoring.api.alarm_journal import AlarmJournalView
from monitoring.api.alarm_kpis import AlarmKpisView
from monitoring.api.alarms import AlarmViewSet
from monitoring.api.annotations import AnnotationViewSet
from monitoring.api.batch_compare import BatchCompareView
from monitoring.api.batch_files import BatchExportView, BatchReportView
from monitoring.api.batch_forecast import BatchForecastView
from monitoring.api.batch_trend import BatchTrendView
from monitoring.api.batch_watch import (
    BatchContributionsView,
    BatchMonitorView,
    BatchWatchView,
    DeviationsView,
    WatchContributionsView,
)
from monitoring.api.batches import BatchViewSet
from monitoring.api.channels import ChannelViewSet
from monitoring.api.computed_tags import ComputedTagViewSet
from monitoring.api.data import AnomalyViewSet, MeasurementViewSet
from monitoring.api.deliveries import DeliveryViewSet
from monitoring.api.docs import DocsView, SchemaView
from monitoring.api.events import EventViewSet
from monitoring.api.exclusions import ExclusionViewSet
from monitoring.api.export import ExportView
from monitoring.api.file_imports import FileImportViewSet
from monitoring.api.health import HealthView
from monitoring.api.ingest import BatchIngestView, IngestView
from monitoring.api.line_protocol import PingView, QueryView, WriteV1View, WriteV2View
from monitoring.api.metrics import MetricsView
from monitoring.api.notes import NoteViewSet
from monitoring.api.profiles import BatchProfileViewSet, ProfileViewSet
from monitoring.api.quality import GapsView, QualityView
from monitoring.api.recipes import RecipeViewSet
from monitoring.api.root import RootView
from monitoring.api.routes import RouteViewSet
from monitoring.api.samples import SampleViewSet
from monitoring.api.saved_views import SavedViewSet
from monitoring.api.schedules import ScheduleViewSet
from monitoring.api.soft_sensors import SoftSensorsView
from monitoring.api.source_mappings import SourceMappingViewSet
from monitoring.api.source_points import SourcePointViewSet
from monitoring.api.sources import SourceJobViewSet, SourceViewSet
from monitoring.api.statistics import StatisticsView
from monitoring.api.stats import StatsView
from monitoring.api.stream import StreamView
from monitoring.api.tags import TagViewSet
from monitoring.api.trend import TrendView
from monitoring.api.vessel_tags import VesselTagViewSet
from monitoring.api.vessels import SLUG, VesselViewSet
from monitoring.api.windows import WindowViewSet

router = SimpleRouter(trailing_slash=False)
router.register("tags", TagViewSet, basename="tag")
router.register("data", MeasurementViewSet, basename="measurement")
router.register("anomalies", AnomalyViewSet, basename="anomaly")
router.register("events", EventViewSet, basename="event")
router.register("exclusions", ExclusionViewSet, basename="exclusion")
router.register("alarms", AlarmViewSet, basename="alarm")
router.register("alarm-definitions", AlarmDefinitionViewSet, basename="alarm-definition")
router.register("notes", NoteViewSet, basename="note")
router.register("views", SavedViewSet, basename="view")
router.register("file-imports", FileImportViewSet, basename="file-import")
router.register("source-points", SourcePointViewSet, basename="source-point")
router.register("deliveries", DeliveryViewSet, basename="delivery")
router.register("sources", SourceViewSet, basename="source")
router.register("source-jobs", SourceJobViewSet, basename="source-job")
router.register("channels", ChannelViewSet, basename="channel")
router.register("routes", RouteViewSet, basename="route")
router.register("schedules", ScheduleViewSet, basename="schedule")
router.register("windows", WindowViewSet, basename="window")
router.register("vessels", VesselViewSet, basename="vessel")
router.register("recipes", RecipeViewSet, basename="recipe")
router.register("batches", BatchViewSet, basename="batch")
router.register("profiles", ProfileViewSet, basename="profile")

source_mappings = SourceMappingViewSet.as_view({"get": "list", "post": "create", "put": "update"})
source_mapping = SourceMappingViewSet.as_view({"patch": "partial_update", "delete": "destroy"})

BATCH = r"^batches/(?P<id>[0-9]{1,18})"
VESSEL = rf"^vessels/(?P<vessel>{SLUG})"
SAMPLE = rf"{BATCH}/samples/(?P<number>[0-9]{{1,9}})"

urlpatterns = [
    path("", RootView.as_view(), name="root"),
    *router.urls,
    re_path(r"^sources/(?P<id>[0-9]{1,18})/mappings$", source_mappings, name="source-mappings"),
    re_path(
        r"^sources/(?P<id>[0-9]{1,18})/mappings/(?P<mapping>[0-9]{1,18})$",
        source_mapping,
        name="source-mapping",
    ),
    re_path(f"{BATCH}/samples$", SampleViewSet.as_view({"get": "list", "post": "create"}), name="samples"),
    re_path(f"{SAMPLE}$", SampleViewSet.as_view({"get": "retrieve"}), name="sample"),
    re_path(f"{SAMPLE}/results$", SampleViewSet.as_view({"post": "add_results"}), name="sample-results"),
    re_path(
        rf"{SAMPLE}/results/(?P<result>[0-9]{{1,18}})/correct$",
        SampleViewSet.as_view({"post": "correct"}),
        name="sample-correct",
    ),
    re_path(f"{SAMPLE}/withdraw$", SampleViewSet.as_view({"post": "withdraw"}), name="sample-withdraw"),
    re_path(
        f"{BATCH}/annotations$",
        AnnotationViewSet.as_view({"get": "list", "post": "create"}),
        name="annotations",
    ),
    re_path(f"{BATCH}/forecast$", BatchForecastView.as_view(), name="batch-forecast"),
    re_path(f"{BATCH}/trend$", BatchTrendView.as_view(), name="batch-trend"),
    re_path(f"{BATCH}/watch$", BatchWatchView.as_view(), name="batch-watch"),
    re_path(f"{BATCH}/watch/contributions$", WatchContributionsView.as_view(), name="watch-contributions"),
    re_path(f"{BATCH}/monitor$", BatchMonitorView.as_view(), name="batch-monitor"),
    re_path(f"{BATCH}/contributions$", BatchContributionsView.as_view(), name="batch-contributions"),
    re_path(f"{BATCH}/deviations$", DeviationsView.as_view(), name="batch-deviations"),
    re_path(
        f"{VESSEL}/tags$", VesselTagViewSet.as_view({"get": "list", "post": "create"}), name="vessel-tags"
    ),
    re_path(
        rf"{VESSEL}/tags/(?P<id>[0-9]{{1,18}})$",
        VesselTagViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="vessel-tag",
    ),
    re_path(f"{BATCH}/soft-sensors$", SoftSensorsView.as_view(), name="soft-sensors"),
    re_path(
        f"{VESSEL}/computed-tags$",
        ComputedTagViewSet.as_view({"get": "list", "post": "create"}),
        name="computed-tags",
    ),
    re_path(
        f"{VESSEL}/computed-tags/(?P<tag>[^/]+)$",
        ComputedTagViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="computed-tag",
    ),
    path("batches/compare", BatchCompareView.as_view(), name="batch-compare"),
    re_path(f"{BATCH}/report$", BatchReportView.as_view(), name="batch-report"),
    re_path(f"{BATCH}/export$", BatchExportView.as_view(), name="batch-export"),
    re_path(f"{BATCH}/profile$", BatchProfileViewSet.as_view({"post": "create"}), name="batch-profile"),
    path("alarms/kpis", AlarmKpisView.as_view(), name="alarm-kpis"),
    path("alarms/advice", AlarmAdviceView.as_view(), name="alarm-advice"),
    path("alarms/journal", AlarmJournalView.as_view(), name="alarm-journal"),
    path("statistics", StatisticsView.as_view(), name="statistics"),
    path("quality", QualityView.as_view(), name="quality"),
    path("gaps", GapsView.as_view(), name="gaps"),
    path("trend", TrendView.as_view(), name="trend"),
    path("stream", StreamView.as_view(), name="stream"),
    path("export", ExportView.as_view(), name="export"),
    path("ingest", IngestView.as_view(), name="ingest"),
    path("ingest/batch", BatchIngestView.as_view(), name="ingest-batch"),
    path("write", WriteV1View.as_view(), name="write"),
    path("api/v2/write", WriteV2View.as_view(), name="write-v2"),
    path("ping", PingView.as_view(), name="ping"),
    path("query", QueryView.as_view(), name="query"),
    path("stats", StatsView.as_view(), name="stats"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("health", HealthView.as_view(), name="health"),
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocsView.as_view(), name="docs"),
]
