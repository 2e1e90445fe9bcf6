"""The tag: a named signal of one sensor, with valid range, limits, retention and detection settings."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, JSONField, Q, Value

from monitoring.kernel.number_format import MOST_FIXED_DECIMALS
from monitoring.kernel.tag_definition import (
    HOLD_S,
    LARGEST_VALUE,
    STALE_AFTER_S,
    OnConflict,
    TagDefinition,
    TagKind,
    states_error,
    states_of,
)

SUMMABLE = f"Must be from {-LARGEST_VALUE:g} to {LARGEST_VALUE:g}: of larger values no sums could be made."
VALUES = [MinValueValidator(-LARGEST_VALUE, SUMMABLE), MaxValueValidator(LARGEST_VALUE, SUMMABLE)]
LONGEST_STALE_S = 365 * 24 * 3600
LONGEST_RETENTION_DAYS = 36_500

TAG_NAME = RegexValidator(
    r"\A[A-Za-z][A-Za-z0-9_.-]*\Z",
    "Start with a letter; then letters, digits, '_', '-' and '.' only: the name is part of web addresses.",
)


class Tag(models.Model):
    """A tag. The name is the identity of a tag, and never changes."""

    name = models.CharField(max_length=64, unique=True, validators=[TAG_NAME])
    description = models.CharField(max_length=200, blank=True)
    group = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="The vessel or unit that it belongs to: a heading on the dashboard.",
    )
    display_name = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="As people read it, in place of the name: Temperature, jacket. Empty: the name.",
    )
    kind = models.CharField(
        max_length=8,
        choices=[
            (TagKind.ANALOG.value, "analog: a measured quantity"),
            (TagKind.SETPOINT.value, "setpoint: a number that is set, in steps"),
            (TagKind.DISCRETE.value, "discrete: one of few states"),
            (TagKind.COUNTER.value, "counter: a total that grows"),
        ],
        default=TagKind.ANALOG.value,
        db_default=TagKind.ANALOG.value,
        help_text="Only analog tags are judged by the 3σ rule and by the detectors of noise, drift and stuck"
        " sensors.",
    )
    states = models.JSONField(
        default=dict,
        blank=True,
        db_default=Value({}, output_field=JSONField()),
        help_text='Names of the values of a discrete tag: {"0": "idle", "1": "feed"}.',
    )
    hold_s = models.PositiveIntegerField(
        "hold interval",
        null=True,
        blank=True,
        validators=[MaxValueValidator(3600)],
        help_text="Seconds after which an unchanged value of a source that reports changes only is stored"
        f" again, while the source is alive; 0: never. Of analog tags. Empty: {HOLD_S}.",
    )
    unit = models.CharField(max_length=20, blank=True, help_text="As it is shown beside values: °C, pH, rpm.")
    decimals = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_FIXED_DECIMALS)],
        help_text=f"Of values as shown, 0 to {MOST_FIXED_DECIMALS}. Empty: as many as the newest values need."
        " Stored values keep all digits.",
    )
    valid_min = models.FloatField(
        "valid range minimum",
        validators=VALUES,
        help_text="A reading below is impossible and is refused.",
    )
    valid_max = models.FloatField(
        "valid range maximum",
        validators=VALUES,
        help_text="A reading above is impossible and is refused.",
    )
    lower_limit = models.FloatField(
        null=True, blank=True, help_text="A measurement below is an anomaly. Empty: no lower limit."
    )
    upper_limit = models.FloatField(
        null=True, blank=True, help_text="A measurement above is an anomaly. Empty: no upper limit."
    )
    active = models.BooleanField(
        default=True,
        help_text="Off: its readings are refused and it leaves the dashboard; its measurements stay.",
    )
    on_conflict = models.CharField(
        max_length=10,
        choices=[
            (OnConflict.REFUSE.value, "refuse the new value"),
            (OnConflict.KEEP_FIRST.value, "keep the first value"),
            (OnConflict.KEEP_LAST.value, "keep the last value"),
        ],
        default=OnConflict.REFUSE.value,
        db_default=OnConflict.REFUSE.value,
        help_text="What happens to a reading whose timestamp is stored with another value. Refuse: 409, and"
        " it is remembered as refused. Keep the first: it is dropped. Keep the last: it replaces the stored"
        " value, and the old value is recorded.",
    )

    stale_after_s = models.PositiveIntegerField(
        "stale after",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_STALE_S)],
        help_text=f"Seconds without a reading after which the dashboard says so. Empty: {STALE_AFTER_S}.",
    )
    retention_days = models.PositiveIntegerField(
        "keep raw readings for",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_RETENTION_DAYS)],
        help_text="Days. Older measurements are deleted; their rollups stay. Empty: for ever.",
    )
    anomaly_retention_days = models.PositiveIntegerField(
        "keep anomalies for",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_RETENTION_DAYS)],
        help_text="Days, at least as many as raw readings; events, too. Empty: for ever.",
    )
    archive_after_days = models.PositiveIntegerField(
        "archive after",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_RETENTION_DAYS)],
        help_text="Days. Older measurements move from the database to files of the archive, and are read as"
        " before. Empty: never.",
    )

    detectors_off = models.JSONField(
        default=list,
        blank=True,
        db_default=Value([], output_field=JSONField()),
        help_text="Those that find nothing for this tag.",
    )
    detectors_on = models.JSONField(
        "optional detectors",
        default=list,
        blank=True,
        db_default=Value([], output_field=JSONField()),
        help_text="Optional detectors that are in use for this tag.",
    )
    sensitivity = models.FloatField(
        default=1.0,
        blank=True,
        db_default=1.0,
        validators=[MinValueValidator(0.1), MaxValueValidator(10)],
        help_text="0.1 to 10. 2 finds what is half as far from normal, 0.5 only what is twice as far.",
    )
    detection_parameters = models.JSONField(
        default=dict,
        blank=True,
        db_default=Value({}, output_field=JSONField()),
        help_text='Numbers in place of the detectors\' own, as {"detector.parameter": 3}.',
    )

    class Meta:
        db_table = "tags"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(valid_min__lt=F("valid_max")), name="tag_valid_range"),
            models.CheckConstraint(
                condition=Q(lower_limit__isnull=True)
                | Q(lower_limit__gte=F("valid_min"), lower_limit__lte=F("valid_max")),
                name="tag_lower_limit_in_range",
            ),
            models.CheckConstraint(
                condition=Q(upper_limit__isnull=True)
                | Q(upper_limit__gte=F("valid_min"), upper_limit__lte=F("valid_max")),
                name="tag_upper_limit_in_range",
            ),
            models.CheckConstraint(
                condition=Q(lower_limit__isnull=True)
                | Q(upper_limit__isnull=True)
                | Q(lower_limit__lt=F("upper_limit")),
                name="tag_limits_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_name(self) -> str:
        """Return the name for people."""
        return self.display_name or self.name

    def clean(self) -> None:
        """Reject states of other kinds, and limits and retention periods that contradict each other.

        Raises:
            ValidationError: by field, with the expected value.
        """
        errors: dict[str, str] = {}
        if self.states and self.kind != TagKind.DISCRETE:
            errors["states"] = "Only a discrete tag has states: choose discrete, or remove them."
        elif (wrong := states_error(self.states)) is not None:
            errors["states"] = wrong
        self.check_bounds(errors)
        if errors:
            raise ValidationError(errors)

    def check_bounds(self, errors: dict[str, str]) -> None:
        """Add to ``errors``, by field, the limits and retention periods that contradict each other."""
        if self.valid_min is None or self.valid_max is None:
            return
        if self.valid_min >= self.valid_max:
            errors["valid_max"] = f"Must be above the minimum of the valid range, {self.valid_min:g}."
        for field in ("lower_limit", "upper_limit"):
            limit = getattr(self, field)
            if limit is not None and not self.valid_min <= limit <= self.valid_max:
                errors[field] = (
                    f"{limit:g} lies outside the valid range {self.valid_min:g} to {self.valid_max:g}:"
                    " such readings are refused, so this limit could never be crossed."
                )
        if (
            self.lower_limit is not None
            and self.upper_limit is not None
            and self.lower_limit >= self.upper_limit
        ):
            errors.setdefault("upper_limit", f"Must be above the lower limit, {self.lower_limit:g}.")
        if self.anomaly_retention_days is not None and (
            self.retention_days is None or self.anomaly_retention_days < self.retention_days
        ):
            errors["anomaly_retention_days"] = (
                "Anomalies are kept at least as long as raw readings:"
                f" expected {self.retention_days} or more."
                if self.retention_days
                else "Raw readings are kept for ever, anomalies among them: leave this empty."
            )
        if None not in (self.archive_after_days, self.retention_days) and (
            self.archive_after_days >= self.retention_days  # type: ignore[operator]
        ):
            errors["archive_after_days"] = (
                f"Raw readings are deleted after {self.retention_days} days: expected fewer, or empty."
            )

    def definition(self) -> TagDefinition:
        """Return the tag as the value object that validation and detection use."""
        return TagDefinition(
            name=self.name,
            unit=self.unit,
            valid_min=self.valid_min,
            valid_max=self.valid_max,
            lower_limit=self.lower_limit,
            upper_limit=self.upper_limit,
            description=self.description,
            active=self.active,
            group=self.group,
            stale_after_s=self.stale_after_s or STALE_AFTER_S,
            on_conflict=self.on_conflict,
            decimals=self.decimals,
            display_name=self.display_name,
            kind=self.kind,
            states=states_of(self.states),
        )
