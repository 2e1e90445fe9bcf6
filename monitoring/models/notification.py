"""Notifications: people and their channels, routes and schedules, and the outbox with its attempts."""

from datetime import time

from django.db import models
from django.db.models import Q

from monitoring.models.alarm import AlarmDefinition, AlarmOccurrence
from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag


class Person(models.Model):
    """Somebody who is notified. Quiet hours are in the person's time zone; empty: the plant's."""

    QUIET_FOR = [
        ("low", "low"),
        ("medium", "low and medium"),
        ("high", "low, medium and high"),
    ]

    name = models.CharField(max_length=100, unique=True)
    user = models.OneToOneField(
        "auth.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="notified_person",
        help_text="The person's account, if there is one.",
    )
    time_zone = models.CharField(
        max_length=64, blank=True, default="", help_text="As Europe/Berlin. Empty: the plant's."
    )
    quiet_from = models.TimeField(null=True, blank=True, default=time(22))
    quiet_until = models.TimeField(null=True, blank=True, default=time(7))
    quiet_for = models.CharField(
        "quiet for", max_length=8, choices=QUIET_FOR, default="medium", help_text="Critical is never quiet."
    )
    is_enabled = models.BooleanField("enabled", default=True)

    class Meta:
        db_table = "notification_people"
        ordering = ["name"]
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name


class Channel(models.Model):
    """A way to reach one person, or a place that several people read (no person).

    ``kind`` is a key of ``monitoring.notifications.channels.KINDS``, with the fields in ``settings`` and
    ``secrets``. A secret is never shown again; "env:NAME" takes the value of an environment variable.
    ``blocked_until`` and ``failures`` are the circuit breaker; ``failing_since`` is set by a permanent error.
    """

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=16)
    person = models.ForeignKey(
        Person,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="channels",
        help_text="Empty: a place that several people read, as a chat.",
    )
    position = models.PositiveSmallIntegerField(
        default=1, help_text="A person's first channel is tried first; the next one if the first fails."
    )
    settings = models.JSONField(default=dict, blank=True)
    secrets = models.JSONField(default=dict, blank=True)
    allows_local = models.BooleanField(
        "allow local targets", default=False, help_text="Allow addresses of this machine and link-local ones."
    )
    is_enabled = models.BooleanField("enabled", default=True)
    verified_at = MicrosecondsField(null=True, editable=False)
    failing_since = MicrosecondsField(null=True, editable=False)
    failure = models.TextField(blank=True, default="", editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    blocked_until = MicrosecondsField(null=True, editable=False)

    class Meta:
        db_table = "notification_channels"
        ordering = ["person", "position", "id"]

    def __str__(self) -> str:
        return self.name


class Schedule(models.Model):
    """An on-call rotation: the members in turn, each for ``rotation_days``, from ``starts_on``.

    The hand-over is at ``hands_over_at`` on the wall clock of ``time_zone`` (empty: the plant's).
    """

    name = models.CharField(max_length=100, unique=True)
    time_zone = models.CharField(max_length=64, blank=True, default="")
    starts_on = models.DateField()
    hands_over_at = models.TimeField(default=time(8))
    rotation_days = models.PositiveSmallIntegerField(default=7)

    class Meta:
        db_table = "notification_schedules"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(rotation_days__gte=1), name="notification_schedule_rotation_days"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ScheduleMember(models.Model):
    """A person's place in a rotation."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    position = models.PositiveSmallIntegerField(default=1)

    class Meta:
        db_table = "notification_schedule_members"
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.schedule}: {self.person}"


class ScheduleOverride(models.Model):
    """A person who stands in from ``start`` to ``end``, whoever the rotation names."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    start = MicrosecondsField()
    end = MicrosecondsField()

    class Meta:
        db_table = "notification_schedule_overrides"
        ordering = ["start", "id"]

    def __str__(self) -> str:
        return f"{self.schedule}: {self.person} from {self.start.isoformat()}"


class MaintenanceWindow(models.Model):
    """A span in which the alarms of a tag, a group, or the plant (neither) are suppressed by design.

    ``begun_at`` is the time at which the alarms were suppressed; a window that is cancelled ends early.
    """

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    group = models.CharField(max_length=64, blank=True, default="")
    start = MicrosecondsField()
    end = MicrosecondsField()
    reason = models.TextField()
    by = models.CharField(max_length=200, blank=True, default="", editable=False)
    begun_at = MicrosecondsField(null=True, editable=False)

    class Meta:
        db_table = "maintenance_windows"
        ordering = ["-start", "-id"]

    def __str__(self) -> str:
        return f"{self.tag or self.group or 'whole plant'} from {self.start.isoformat()}"


class Route(models.Model):
    """Alarms of a group, class and priority (each empty: any), and the steps that notify people.

    The first enabled route that matches counts, in the order of ``position``. An alarm that none matches
    goes the standard way of its priority. ``digest_at`` has times as "07:00 19:00", in each person's zone.
    """

    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(default=1)
    group = models.CharField(max_length=64, blank=True, default="")
    alarm_class = models.CharField(
        "class", max_length=10, choices=AlarmDefinition.CLASSES, blank=True, default=""
    )
    priority = models.CharField(max_length=8, choices=AlarmDefinition.PRIORITIES, blank=True, default="")
    repeat_after_min = models.PositiveIntegerField(
        "repeat after",
        null=True,
        blank=True,
        help_text="Minutes after the last step, until somebody acknowledges. Empty: never.",
    )
    digest_at = models.CharField(
        "digest at", max_length=100, blank=True, default="", help_text="As 07:00 19:00. Empty: at once."
    )
    is_enabled = models.BooleanField("enabled", default=True)

    class Meta:
        db_table = "notification_routes"
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class RouteStep(models.Model):
    """A step some minutes after the alarm: notify a person, a schedule or a channel; with none, everybody."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="steps")
    after_min = models.PositiveIntegerField("after", default=0, help_text="Minutes after the alarm.")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        db_table = "notification_route_steps"
        ordering = ["after_min", "id"]

    def __str__(self) -> str:
        return f"{self.route} after {self.after_min} min"


class Escalation(models.Model):
    """One row per annunciated occurrence: the steps that are still to come.

    ``step`` counts the steps that are done, over all repetitions; ``due_at`` is the time of the next, null
    when the escalation has ended, for ``end_reason``.
    """

    occurrence = models.OneToOneField(
        AlarmOccurrence, on_delete=models.CASCADE, primary_key=True, related_name="escalation"
    )
    route = models.ForeignKey(Route, on_delete=models.SET_NULL, null=True, related_name="+")
    priority = models.CharField(max_length=8)
    begun_at = MicrosecondsField()
    step = models.PositiveIntegerField(default=0)
    due_at = MicrosecondsField(null=True)
    ended_at = MicrosecondsField(null=True)
    end_reason = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        db_table = "notification_escalations"
        ordering = ["occurrence"]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="notification_escalation_due"
            ),
        ]

    def __str__(self) -> str:
        return f"escalation of {self.occurrence_id}"


class DeliveryAttempt(models.Model):
    """One attempt to send one message, which may carry several deliveries.

    Committed as begun before the message is sent; ``outcome`` is empty until the end is known, then "ok",
    "temporary", "permanent" or "unknown". ``message_id`` is the same for each attempt of one message.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="attempts")
    message_id = models.CharField(max_length=64)
    deliveries = models.PositiveIntegerField(default=1)
    is_repeat = models.BooleanField(default=False)
    began_at = MicrosecondsField()
    ended_at = MicrosecondsField(null=True)
    outcome = models.CharField(max_length=9, blank=True, default="")
    detail = models.TextField(blank=True, default="")

    class Meta:
        db_table = "notification_attempts"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["channel", "began_at"], name="notification_attempt_channel"),
            models.Index(fields=["id"], condition=Q(outcome=""), name="notification_attempt_begun"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.channel_id}"


class Delivery(models.Model):
    """The outbox: one row per occurrence, kind, step and channel. A test has no occurrence.

    ``may_repeat`` says that an attempt ended in an unknown way, so the message may come twice.
    ``over`` goes to exactly the channels that an earlier delivery of the occurrence has reached.
    """

    KINDS = [
        ("active", "active"),
        ("again", "again"),
        ("escalated", "escalated"),
        ("over", "over"),
        ("late", "late"),
        ("test", "test"),
    ]
    STATES = [
        ("waiting", "waiting"),
        ("sending", "sending"),
        ("sent", "sent"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
    ]

    occurrence = models.ForeignKey(
        AlarmOccurrence, on_delete=models.CASCADE, null=True, related_name="deliveries"
    )
    kind = models.CharField(max_length=9, choices=KINDS)
    step = models.PositiveIntegerField(default=0)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    priority = models.CharField(max_length=8, blank=True, default="")
    created_at = MicrosecondsField()
    due_at = MicrosecondsField()
    state = models.CharField(max_length=9, choices=STATES, default="waiting")
    reason = models.TextField(blank=True, default="")
    attempts = models.PositiveIntegerField(default=0)
    attempt = models.ForeignKey(DeliveryAttempt, on_delete=models.SET_NULL, null=True, related_name="carried")
    may_repeat = models.BooleanField(default=False)
    sent_at = MicrosecondsField(null=True)

    class Meta:
        db_table = "notification_deliveries"
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["occurrence", "kind", "step", "channel"], name="notification_delivery_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "due_at"],
                condition=Q(state__in=["waiting", "sending"]),
                name="notification_delivery_waiting",
            ),
            models.Index(fields=["created_at"], name="notification_delivery_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.occurrence_id} to {self.channel_id}"


class PushSubscription(models.Model):
    """A browser that takes web push for a person's channel; the endpoint is a secret of the browser."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="subscriptions")
    endpoint = models.TextField(unique=True)
    p256dh = models.CharField(max_length=200)
    auth = models.CharField(max_length=64)
    browser = models.CharField(max_length=200, blank=True, default="")
    added_at = MicrosecondsField()

    class Meta:
        db_table = "notification_push_subscriptions"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.channel}: {self.browser or 'a browser'}"
