"""Field sources: settings, mappings, points, status, gaps, quality, jobs."""

from django.core.validators import RegexValidator
from django.db import models

from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag

NAME = RegexValidator(
    r"\A[A-Za-z][A-Za-z0-9_.-]*\Z", "Start with a letter; then letters, digits, '_', '-' and '.' only."
)
MOST_RAW = 200
LONGEST_ADDRESS = 500
MOST_POINTS = 5_000  # of a source


class Source(models.Model):
    """A field source: a broker, a server or a device: Fermon fetches or receives the readings.

    ``settings`` are the fields of the protocol's form. Each of ``secrets`` is encrypted text, or names an
    environment variable or a file. ``revision`` grows with each change of the
    source or of its mappings; the collector restarts a source with another revision.
    """

    name = models.CharField(max_length=64, unique=True, validators=[NAME])
    protocol = models.CharField(max_length=20)
    settings = models.JSONField(default=dict, blank=True)
    secrets = models.JSONField(default=dict, blank=True)
    is_enabled = models.BooleanField("enabled", default=False)
    uses_receive_time = models.BooleanField(
        "use receive time",
        default=False,
        help_text="Readings get the time of receipt, not the time that the source gives.",
    )
    group = models.CharField(max_length=64, blank=True, default="", help_text="Of tags made from its points.")
    trusted_certificate = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="SHA-256 fingerprint of the server certificate that a person has trusted, in hex.",
    )
    revision = models.BigIntegerField(default=1)
    changed_at = MicrosecondsField()

    class Meta:
        db_table = "sources"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SourceMapping(models.Model):
    """The tag that the values of an address become.

    ``address`` is a topic, a node, a register or a series; in MQTT with parts in braces, that ``tag`` may
    contain. ``options`` are those of the protocol (sampling interval, data type, word order).
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="mappings")
    address = models.CharField(max_length=LONGEST_ADDRESS)
    tag = models.CharField(max_length=128, help_text="Name of the tag, or its pattern.")
    value_pointer = models.CharField(
        max_length=200,
        blank=True,
        default="",
        help_text="JSON pointer of the value. Empty: the whole payload.",
    )
    time_pointer = models.CharField(
        max_length=200,
        blank=True,
        default="",
        help_text="JSON pointer of the time. Empty: the time of receipt.",
    )
    time_format = models.CharField(max_length=8, blank=True, default="", help_text="iso, s, ms, us or ns.")
    zone = models.CharField(max_length=64, blank=True, default="", help_text="Of times without an offset.")
    factor = models.FloatField(default=1.0)
    offset = models.FloatField(default=0.0)
    options = models.JSONField(default=dict, blank=True)

    class Meta:
        db_table = "source_mappings"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "address", "value_pointer"], name="source_mapping_address"
            )
        ]

    def __str__(self) -> str:
        return f"{self.address} to {self.tag}"


class SourceTag(models.Model):
    """A tag that has got values of a source: fresh while either the tag or the source gives signs of life."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="tags")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, db_column="tag", related_name="sources")

    class Meta:
        db_table = "source_tags"
        constraints = [models.UniqueConstraint(fields=["tag", "source"], name="source_tag_once")]

    def __str__(self) -> str:
        return f"{self.tag} of {self.source}"


class PointState(models.TextChoices):
    """The use of a point's values."""

    UNMAPPED = "unmapped"
    MAPPED = "mapped"
    IGNORED = "ignored"


class SourcePoint(models.Model):
    """An address that a source has shown, with the last value and a suggestion for a tag."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="points")
    address = models.CharField(max_length=LONGEST_ADDRESS)
    state = models.CharField(max_length=8, choices=PointState.choices, default=PointState.UNMAPPED)
    first_seen = MicrosecondsField()
    last_seen = MicrosecondsField()
    seen = models.BigIntegerField(default=0, help_text="How many values it has sent.")
    last_raw = models.CharField(max_length=MOST_RAW, blank=True, default="")
    suggestion = models.JSONField(
        default=dict,
        blank=True,
        help_text="tag, unit, kind, states, valid_min, valid_max, decimals, display_name.",
    )

    class Meta:
        db_table = "source_points"
        ordering = ["source", "address"]
        constraints = [models.UniqueConstraint(fields=["source", "address"], name="source_point_address")]

    def __str__(self) -> str:
        return self.address


class SourceStatus(models.Model):
    """The state of a source, by its collector. ``confirmed_until`` moves while the source is alive.

    ``state`` is one of ``sources.session.State``. ``notices`` are sentences for a person: settings of the
    peer that can lose readings, a wrong clock, a certificate that ends soon.
    """

    source = models.OneToOneField(
        Source, on_delete=models.CASCADE, primary_key=True, db_column="source", related_name="status"
    )
    state = models.CharField(max_length=16, blank=True, default="")
    since = MicrosecondsField(null=True)
    error = models.CharField(max_length=500, blank=True, default="", help_text="The last error.")
    error_at = MicrosecondsField(null=True)
    confirmed_until = MicrosecondsField(null=True)
    newest = MicrosecondsField(null=True, help_text="Timestamp of the newest reading.")
    readings = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    rate = models.FloatField(null=True, help_text="Readings a second, of the last 10 s.")
    lag_ms = models.FloatField(
        null=True, help_text="Median from a reading's time to its commit, of the last 60 s."
    )
    clock_offset_ms = models.FloatField(
        null=True, help_text="How far the source's clock is ahead of the server's: median of the last 60 s."
    )
    notices = models.JSONField(default=list, blank=True)
    updated_at = MicrosecondsField(null=True)

    class Meta:
        db_table = "source_status"
        verbose_name_plural = "source status"

    def __str__(self) -> str:
        return f"{self.source}: {self.state}"


class SourceGap(models.Model):
    """A span in which readings of a source are missing or may be; without ``tag``, of all its tags."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="gaps")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, null=True, blank=True, related_name="gaps")
    begin = MicrosecondsField()
    end = MicrosecondsField(null=True, help_text="Empty: it lasts.")
    reason = models.CharField(max_length=200, help_text="In words.")
    filled = models.BigIntegerField(default=0, help_text="Readings that were fetched later.")

    class Meta:
        db_table = "source_gaps"
        ordering = ["-begin"]
        indexes = [models.Index(fields=["begin"], name="source_gap_begin")]

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}"


class SourceJob(models.Model):
    """Work that a person asks of the collector: a connection test, discovery, a look at arriving values.

    ``steps`` are the steps so far, each {"name", "is_done": true, false or null, "text"}; ``result`` is the
    outcome in the protocol's terms. The collector deletes jobs of yesterday.
    """

    class State(models.TextChoices):
        """The progress of a job."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=16, help_text="test, discover or listen.")
    parameters = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    steps = models.JSONField(default=list, blank=True)
    result = models.JSONField(null=True, blank=True)
    asked_by = models.CharField(max_length=200, blank=True, default="")
    asked_at = MicrosecondsField()
    ended_at = MicrosecondsField(null=True)

    class Meta:
        db_table = "source_jobs"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.source}"


class Quality(models.IntegerChoices):
    """Quality of values, after OPC UA. Good values have no span."""

    UNCERTAIN = 1
    BAD = 2


class QualitySpan(models.Model):
    """A span in which values of a tag are not good.

    Bad: no measurement is stored in the span. Uncertain: measurements are stored, and the span stands beside
    them. ``code`` is the protocol's (an OPC UA status code, a Modbus exception), ``word`` the same in words.
    """

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, db_column="tag", related_name="quality_spans")
    source = models.ForeignKey(Source, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    begin = MicrosecondsField()
    end = MicrosecondsField(null=True, help_text="Empty: it lasts.")
    quality = models.PositiveSmallIntegerField(choices=Quality.choices)
    code = models.BigIntegerField(null=True, blank=True)
    word = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        db_table = "quality_spans"
        ordering = ["-begin"]
        indexes = [
            models.Index(fields=["tag", "begin"], name="quality_span_begin"),
            # Alarms read the open spans each second.
            models.Index(fields=["quality"], condition=models.Q(end=None), name="quality_span_open"),
        ]

    def __str__(self) -> str:
        return f"{self.get_quality_display()} {self.word}".strip()
