"""The whole application in one module: settings, models, serializer, views and URLs."""

import os
import statistics
from pathlib import Path

from django.conf import settings

DATA = Path(os.environ["FERMON_DATA_DIR"])
settings.configure(
    SECRET_KEY="measured, never deployed",  # noqa: S106
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA / "plain.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
            },
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    TIME_ZONE="UTC",
    REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
)

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()

from django.db import connection, models, transaction  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.decorators import api_view  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402

LIMITS = {"fermenter_temp": (35, 45), "fermenter_ph": (6, 8), "agitator_rpm": (250, 650)}
WINDOW, MINIMUM = 50, 10


class PlainTag(models.Model):
    name = models.CharField(max_length=64, unique=True)

    class Meta:
        app_label = "plain"

    def __str__(self) -> str:
        return self.name


class PlainMeasurement(models.Model):
    """A stored reading."""

    timestamp = models.DateTimeField(db_index=True)
    tag = models.ForeignKey(PlainTag, on_delete=models.PROTECT)
    value = models.FloatField()
    is_anomaly = models.BooleanField(default=False)

    class Meta:
        app_label = "plain"
        constraints = [models.UniqueConstraint(fields=["tag", "timestamp"], name="plain_once")]

    def __str__(self) -> str:
        return f"{self.tag} {self.value}"


class PlainSerializer(serializers.ModelSerializer[PlainMeasurement]):
    """A reading in, a measurement out. The unique constraint adds a validator that queries the database."""

    tag = serializers.SlugRelatedField(slug_field="name", queryset=PlainTag.objects.all())

    class Meta:
        model = PlainMeasurement
        fields = ("id", "timestamp", "tag", "value", "is_anomaly")
        read_only_fields = ("is_anomaly",)


def judge(rows: list[PlainMeasurement]) -> None:
    """Flag the rows, each by the 50 before."""
    windows: dict[int, list[float]] = {}
    for row in rows:
        if row.tag_id not in windows:
            before = PlainMeasurement.objects.filter(tag=row.tag, timestamp__lt=row.timestamp)
            windows[row.tag_id] = list(
                before.order_by("-timestamp").values_list("value", flat=True)[:WINDOW]
            )[::-1]
        window = windows[row.tag_id]
        lower, upper = LIMITS[row.tag.name]
        row.is_anomaly = not lower <= row.value <= upper
        if len(window) >= MINIMUM:
            mean, sigma = statistics.fmean(window), statistics.pstdev(window)
            is_constant = sigma <= 1e-9 * max(map(abs, window))
            is_other = not min(window) <= row.value <= max(window)
            row.is_anomaly |= is_other if is_constant else abs(row.value - mean) > 3 * sigma
        window.append(row.value)
        del window[:-WINDOW]


@api_view(["POST"])
def ingest_batch(request: Request) -> Response:
    """Store many readings."""
    serializer = PlainSerializer(data=request.data, many=True)
    serializer.is_valid(raise_exception=True)
    rows = [PlainMeasurement(**fields) for fields in serializer.validated_data]
    with transaction.atomic():
        judge(rows)
        PlainMeasurement.objects.bulk_create(rows)
    return Response({"status": "success", "results": PlainSerializer(rows, many=True).data}, status=201)


@api_view(["POST"])
def ingest(request: Request) -> Response:
    """Store one reading."""
    serializer = PlainSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    row = PlainMeasurement(**serializer.validated_data)
    with transaction.atomic():
        judge([row])
        row.save()
    return Response(PlainSerializer(row).data, status=201)


urlpatterns = [path("ingest", ingest), path("ingest/batch", ingest_batch)]

with connection.schema_editor() as editor:
    for model in (PlainTag, PlainMeasurement):
        editor.create_model(model)
PlainTag.objects.bulk_create(PlainTag(name=name) for name in LIMITS)
