"""Batches: runs of a vessel, with phases, samples and the profiles of golden batches."""

from django.db import models
from django.db.models import F, Q

from monitoring.models.fields import MicrosecondsField
from monitoring.models.vessel import SLUG, Recipe, Vessel


class BatchState(models.TextChoices):
    """The state of a batch, a subset of the states of ISA-88."""

    PLANNED = "planned"
    RUNNING = "running"
    COMPLETE = "complete"
    ABORTED = "aborted"


class MomentSource(models.TextChoices):
    """The origin of a moment of a batch. A moment by a rule follows late data until a person confirms it."""

    PERSON = "person"
    API = "api"
    RULE = "rule"


class Profile(models.Model):
    """A version of the course of the golden batches of a recipe, frozen: never changed, never deleted.

    ``coordinates`` describes the progress of each phase; ``curves`` has the medians and bands, compressed;
    ``inputs_hash`` is over all that the profile was made from: another hash of the same members means that
    late data have changed since.
    """

    name = models.CharField(max_length=64, validators=[SLUG])
    version = models.PositiveIntegerField(default=1)
    recipe = models.ForeignKey(
        Recipe, on_delete=models.PROTECT, null=True, blank=True, related_name="profiles"
    )
    coordinates = models.JSONField(default=dict)
    curves = models.BinaryField()
    inputs_hash = models.CharField(max_length=64)
    made_at = MicrosecondsField()
    made_by = models.CharField(max_length=200)
    note = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        db_table = "profiles"
        ordering = ["name", "-version"]
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="profile_version")]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"


class Batch(models.Model):
    """A batch of a vessel, over ``start`` to ``end`` (exclusive; null while running).

    No two batches of a vessel overlap. ``header`` has further fields of the user, by name. ``revision`` grows
    with each change, also of phases and samples. ``..._source`` is the origin of each moment.
    """

    vessel = models.ForeignKey(Vessel, on_delete=models.PROTECT, related_name="batches")
    recipe = models.ForeignKey(
        Recipe, on_delete=models.PROTECT, null=True, blank=True, related_name="batches"
    )
    name = models.CharField(max_length=64, unique=True, validators=[SLUG])
    product = models.CharField(max_length=100, blank=True, default="")
    strain = models.CharField(max_length=100, blank=True, default="")
    header = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=8, choices=BatchState.choices, default=BatchState.RUNNING)
    start = MicrosecondsField(null=True, blank=True)
    start_source = models.CharField(max_length=6, choices=MomentSource.choices, blank=True, default="")
    inoculated_at = MicrosecondsField(null=True, blank=True)
    inoculation_source = models.CharField(max_length=6, choices=MomentSource.choices, blank=True, default="")
    end = MicrosecondsField(null=True, blank=True)
    end_source = models.CharField(max_length=6, choices=MomentSource.choices, blank=True, default="")
    started_by = models.CharField(max_length=200, blank=True, default="")
    ended_by = models.CharField(max_length=200, blank=True, default="")
    end_reason = models.CharField(max_length=500, blank=True, default="", help_text="Of an aborted batch.")
    is_golden = models.BooleanField("golden", default=False, help_text="A good batch, for profiles.")
    excluded_reason = models.CharField(
        max_length=500, blank=True, default="", help_text="Why the batch is not to be compared with."
    )
    profile = models.ForeignKey(
        Profile, on_delete=models.PROTECT, null=True, blank=True, related_name="judged_batches"
    )
    revision = models.BigIntegerField(default=1)
    changed_at = MicrosecondsField()

    class Meta:
        db_table = "batches"
        ordering = ["-start", "-id"]
        verbose_name_plural = "batches"
        indexes = [
            models.Index(fields=["vessel", "start"], name="batch_vessel_start"),
            models.Index(fields=["start", "id"], name="batch_start"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(end__isnull=True) | Q(end__gte=F("start")), name="batch_end_after_start"
            ),
            models.CheckConstraint(
                condition=Q(state="planned") | Q(start__isnull=False), name="batch_started_unless_planned"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("planned", "running"), end__isnull=True)
                | Q(state__in=("complete", "aborted"), end__isnull=False),
                name="batch_ended_by_state",
            ),
            # The vessel's lock keeps batches apart; this is the database's own word for running ones.
            models.UniqueConstraint(
                fields=["vessel"], condition=Q(state="running"), name="batch_running_once"
            ),
        ]
        permissions = [("conduct_batch", "Can start, move on and end batches")]

    def __str__(self) -> str:
        return self.name


class BatchPhase(models.Model):
    """A phase of a batch. Phases are contiguous: each ends where the next begins (``end`` null: it lasts)."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="phases")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=64)
    start = MicrosecondsField()
    end = MicrosecondsField(null=True, blank=True)
    source = models.CharField(max_length=6, choices=MomentSource.choices, default=MomentSource.PERSON)
    by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "batch_phases"
        ordering = ["batch", "position"]
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="batch_phase_position")]

    def __str__(self) -> str:
        return self.name


class ProfileMember(models.Model):
    """A batch of a profile, with its leave-one-out score: its distance from the other members.

    ``score`` is the mean of |z| over all channels and minutes; ``largest`` names channel, phase, elapsed time
    and size of the largest deviation. A single member has neither.
    """

    profile = models.ForeignKey(Profile, on_delete=models.CASCADE, related_name="members")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="memberships")
    score = models.FloatField(null=True)
    largest = models.JSONField(default=dict)

    class Meta:
        db_table = "profile_members"
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["profile", "batch"], name="profile_member_once")]

    def __str__(self) -> str:
        return f"{self.batch} in {self.profile}"


class Sample(models.Model):
    """A sample taken from a batch; results arrive with it or later."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="samples")
    number = models.PositiveIntegerField(help_text="1, 2, 3 ... within the batch.")
    taken_at = MicrosecondsField()
    entered_at = MicrosecondsField()
    entered_by = models.CharField(max_length=200)
    comment = models.CharField(max_length=500, blank=True, default="")
    withdrawn_at = MicrosecondsField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=200, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="", help_text="Of the withdrawal.")

    class Meta:
        db_table = "samples"
        ordering = ["batch", "taken_at", "id"]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="sample_number")]

    def __str__(self) -> str:
        return f"sample {self.number} of {self.batch}"


class SampleResult(models.Model):
    """A measured value of a sample. A correction is a new row that supersedes the old one; no row changes."""

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="results")
    analyte = models.CharField(max_length=32, help_text="od600, dry_weight, glucose, acetate ...")
    value = models.FloatField()
    unit = models.CharField(max_length=20, blank=True, default="")
    method = models.CharField(max_length=64, blank=True, default="")
    entered_at = MicrosecondsField()
    entered_by = models.CharField(max_length=200)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    reason = models.CharField(max_length=500, blank=True, default="", help_text="Of the correction.")

    class Meta:
        db_table = "sample_results"
        ordering = ["sample", "analyte", "id"]

    def __str__(self) -> str:
        return f"{self.analyte} {self.value:g} {self.unit}".rstrip()
