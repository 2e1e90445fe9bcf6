"""Alarms after ISA-18.2: definitions and their versions, states, occurrences, and the journal."""

from django.db import models
from django.db.models import Q

from monitoring.models.event import Event
from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag
from monitoring.models.vessel import Vessel


class AlarmDefinition(models.Model):
    """One row per tag and kind of condition; alarms of a vessel, a group and the system have no tag.

    ``kind`` is one of ``monitoring.alarms.kinds``. Delays and times are in seconds; ``setpoint``,
    ``deadband`` and ``target`` in the tag's unit. Rows are never deleted: an unwanted alarm is disabled.
    """

    PRIORITIES = [("critical", "critical"), ("high", "high"), ("medium", "medium"), ("low", "low")]
    CLASSES = [
        ("process", "process"),
        ("quality", "quality"),
        ("instrument", "instrument"),
        ("system", "system"),
    ]

    tag = models.ForeignKey(
        Tag, on_delete=models.CASCADE, db_column="tag", null=True, db_index=False, related_name="alarms"
    )
    vessel = models.ForeignKey(
        Vessel, on_delete=models.CASCADE, null=True, blank=True, db_index=False, related_name="alarms"
    )
    group = models.CharField(max_length=64, blank=True, default="", help_text="Of an alarm of a whole group.")
    kind = models.CharField(max_length=40)
    setpoint = models.FloatField(
        null=True, blank=True, help_text="Empty: the tag's lower or upper limit, and follows that limit."
    )
    deadband = models.FloatField(
        null=True,
        blank=True,
        help_text="How far back inside the setpoint the value must be to end the alarm. Empty: 2 % of the"
        " width between the tag's limits, or 10 % of the setpoint of a deviation or slope.",
    )
    on_delay_s = models.FloatField(
        "on-delay", default=10, help_text="Seconds outside before the alarm is active."
    )
    off_delay_s = models.FloatField(
        "off-delay", default=10, help_text="Seconds inside before the alarm ends."
    )
    target = models.FloatField(null=True, blank=True, help_text="Of a deviation alarm: the value wanted.")
    target_tag = models.ForeignKey(
        Tag,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Of a deviation alarm: the tag with the target, such as a setpoint.",
    )
    settle_s = models.FloatField(
        "settling time",
        null=True,
        blank=True,
        help_text="Of a deviation from a tag: seconds after a move of that tag in which it does not count.",
    )
    window_s = models.FloatField(
        "window",
        null=True,
        blank=True,
        help_text="Of a rate-of-change alarm: seconds over which the slope counts.",
    )
    priority = models.CharField(max_length=8, choices=PRIORITIES, default="medium")
    alarm_class = models.CharField("class", max_length=10, choices=CLASSES, default="process")
    consequence = models.TextField(blank=True, default="", help_text="What happens if nobody acts.")
    action = models.TextField("operator action", blank=True, default="", help_text="What the operator does.")
    respond_within_s = models.PositiveIntegerField(
        "time to respond", null=True, blank=True, help_text="Seconds in which an action still helps."
    )
    is_latching = models.BooleanField(
        "latching", default=False, help_text="On: after the condition has ended, a person resets the alarm."
    )
    needs_acknowledgement = models.BooleanField("acknowledgement required", default=True)
    longest_shelf_min = models.PositiveIntegerField("longest shelf", default=720, help_text="Minutes.")
    realarm_after_s = models.PositiveIntegerField(
        "re-alarm after",
        null=True,
        blank=True,
        help_text="Seconds after which an acknowledged alarm that is still active asks again. Empty: never.",
    )
    is_enabled = models.BooleanField("enabled", default=True)
    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        db_table = "alarm_definitions"
        ordering = ["id"]
        permissions = [
            ("acknowledge_alarm", "Can acknowledge alarms"),
            ("shelve_alarm", "Can shelve alarms"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["tag", "kind"], name="alarm_definition_tag_kind"),
            models.UniqueConstraint(
                fields=["group", "kind"],
                condition=Q(tag=None, vessel=None),
                name="alarm_definition_group_kind",
            ),
            # With a condition SQLite makes an index, and need not make the table anew.
            models.UniqueConstraint(
                fields=["vessel", "kind"],
                condition=Q(vessel__isnull=False),
                name="alarm_definition_vessel_kind",
            ),
            models.CheckConstraint(
                condition=Q(on_delay_s__gte=0, off_delay_s__gte=0), name="alarm_definition_delays"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject_name} {self.kind}"

    @property
    def subject_name(self) -> str:
        """Return the name of the tag, the title of the vessel, the group, or "Fermon" for the system."""
        return str(self.tag or self.vessel or self.group or "Fermon")

    @property
    def group_name(self) -> str:
        """Return the group of the alarm or of its tag; of an alarm of a vessel the vessel's title."""
        if self.vessel is not None:
            return str(self.vessel)
        return self.group or (self.tag.group if self.tag is not None else "")


class AlarmDefinitionVersion(models.Model):
    """A definition as in force for measurements with ids above ``from_id``, with author and reason.

    ``fields`` has the resolved values: a setpoint or deadband that follows the tag's limits as a number.
    """

    definition = models.ForeignKey(AlarmDefinition, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    from_id = models.BigIntegerField()
    at = MicrosecondsField()
    by = models.CharField(max_length=200)
    reason = models.TextField()
    fields = models.JSONField()

    class Meta:
        db_table = "alarm_definition_versions"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["definition", "version"], name="alarm_definition_version"),
        ]
        indexes = [models.Index(fields=["from_id"], name="alarm_version_from_id")]

    def __str__(self) -> str:
        return f"{self.definition} version {self.version}"


class AlarmOccurrence(models.Model):
    """One row per time that an alarm's condition became active.

    ``priority`` and ``setpoint`` are those of that time; ``peak`` is the value farthest outside since.
    ``is_annunciated`` is false for occurrences while suppressed and for late ones; ``is_late`` says that the
    measurements arrived after newer ones had been evaluated. ``rating`` is "nuisance", "real" or empty.
    """

    definition = models.ForeignKey(AlarmDefinition, on_delete=models.CASCADE, related_name="occurrences")
    active_at = MicrosecondsField()
    noticed_at = MicrosecondsField()
    cleared_at = MicrosecondsField(null=True)
    acknowledged_at = MicrosecondsField(null=True)
    acknowledged_by = models.CharField(max_length=200, blank=True, default="")
    via = models.CharField(max_length=20, blank=True, default="")
    peak = models.FloatField(null=True)
    value = models.FloatField(null=True)
    setpoint = models.FloatField(null=True)
    priority = models.CharField(max_length=8)
    is_annunciated = models.BooleanField(default=True)
    is_late = models.BooleanField(default=False)
    is_first_out = models.BooleanField(default=False)
    rating = models.CharField(max_length=8, blank=True, default="")
    event = models.ForeignKey(Event, on_delete=models.SET_NULL, null=True, related_name="+")
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "alarm_occurrences"
        ordering = ["-active_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["definition", "active_at"], name="alarm_occurrence_active_at"),
        ]
        indexes = [models.Index(fields=["active_at"], name="alarm_occurrence_time")]

    def __str__(self) -> str:
        return f"{self.definition} at {self.active_at.isoformat()}"


class AlarmState(models.Model):
    """The present state of an alarm: what the evaluator found, and what people did. No row: normal.

    The evaluator alone writes the condition (``is_active`` to ``quality``). ``revision`` increases with each
    change over all alarms.
    """

    definition = models.OneToOneField(
        AlarmDefinition, on_delete=models.CASCADE, primary_key=True, related_name="state"
    )
    is_active = models.BooleanField(default=False)
    outside_since = MicrosecondsField(null=True)
    inside_since = MicrosecondsField(null=True)
    value = models.FloatField(null=True)
    no_data_since = MicrosecondsField(null=True)

    is_acknowledged = models.BooleanField(default=True)
    is_latched = models.BooleanField(default=False)
    suppression = models.CharField(max_length=14, blank=True, default="")
    is_one_shot = models.BooleanField(default=False)
    suppressed_at = MicrosecondsField(null=True)
    suppressed_until = MicrosecondsField(null=True)
    suppressed_by = models.CharField(max_length=200, blank=True, default="")
    suppression_reason = models.TextField(blank=True, default="")
    acknowledged_at = MicrosecondsField(null=True)
    occurrence = models.ForeignKey(AlarmOccurrence, on_delete=models.SET_NULL, null=True, related_name="+")
    revision = models.BigIntegerField(default=0)

    class Meta:
        db_table = "alarm_states"
        indexes = [
            models.Index(fields=["revision"], name="alarm_state_revision"),
            models.Index(
                fields=["definition"],
                condition=~Q(is_active=False, is_acknowledged=True, is_latched=False, suppression=""),
                name="alarm_state_not_normal",
            ),
        ]

    def __str__(self) -> str:
        return f"state of {self.definition_id}"


class AlarmJournalEntry(models.Model):
    """One row per transition and per act of a person. Triggers forbid to change or delete rows.

    The row repeats tag, kind and priority, so the journal stays readable whatever becomes of the definition.
    ``at`` is the time of the transition in the data, ``noticed_at`` the server's time.
    """

    at = MicrosecondsField()
    noticed_at = MicrosecondsField()
    act = models.CharField(max_length=20)
    definition = models.ForeignKey(
        AlarmDefinition, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="+"
    )
    occurrence = models.BigIntegerField(null=True)
    tag = models.CharField(max_length=64, blank=True)
    group = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=40, blank=True)
    priority = models.CharField(max_length=8, blank=True)
    by = models.CharField(max_length=200, blank=True)
    via = models.CharField(max_length=20)
    address = models.CharField(max_length=64, blank=True)
    from_state = models.CharField(max_length=8, blank=True)
    to_state = models.CharField(max_length=8, blank=True)
    value = models.FloatField(null=True)
    reason = models.TextField(blank=True)
    comment = models.TextField(blank=True)
    changes = models.JSONField(null=True)

    class Meta:
        db_table = "alarm_journal"
        verbose_name = "line of the alarm journal"
        verbose_name_plural = "alarm journal"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["noticed_at", "id"], name="alarm_journal_noticed"),
            models.Index(fields=["definition", "id"], name="alarm_journal_definition"),
        ]

    def __str__(self) -> str:
        return f"{self.tag or self.group or 'Fermon'} {self.kind}: {self.act}"
