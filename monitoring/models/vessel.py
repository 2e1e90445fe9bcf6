"""Vessels: the units of the plant, with their tags by role, and the recipes of their batches."""

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from monitoring.models.fields import MicrosecondsField
from monitoring.models.tag import Tag

# Names are parts of addresses beside words as "compare": none is a number, so that ids stay apart.
SLUG = RegexValidator(
    r"\A[A-Za-z][A-Za-z0-9_.-]*\Z",
    "Start with a letter; then letters, digits, '_', '-' and '.' only: the name is part of web addresses.",
)


class TagFunction(models.TextChoices):
    """The function of a tag in its role: measured value, setpoint, or output of the controller."""

    MEASURED = "measured"
    SETPOINT = "setpoint"
    OUTPUT = "output"


class Vessel(models.Model):
    """A vessel: a unit in terms of ISA-88, that holds one batch at a time.

    ``rules`` has the rule of each moment of a batch that Fermon finds itself: ``start``, ``inoculation``,
    ``end``. ``constants`` are numbers that soft sensors need, by name. Other tables refer to the id: a
    renamed vessel keeps batches and addresses (see ``VesselName``).
    """

    name = models.CharField(max_length=64, unique=True, validators=[SLUG])
    title = models.CharField(max_length=100, blank=True, default="", help_text="For people. Empty: the name.")
    description = models.CharField(max_length=500, blank=True, default="")
    area = models.CharField(max_length=64, blank=True, default="", help_text="The part of the plant.")
    working_volume_l = models.FloatField(
        "working volume", null=True, blank=True, validators=[MinValueValidator(0)], help_text="Litres."
    )
    is_active = models.BooleanField(
        "active", default=True, help_text="Off: the vessel leaves the wall; its batches stay."
    )
    rules = models.JSONField(default=dict, blank=True)
    constants = models.JSONField(default=dict, blank=True)
    uses_forest = models.BooleanField(
        "isolation forest",
        default=False,
        db_default=False,
        help_text="Compare batches by an isolation forest too; needs the package scikit-learn.",
    )
    made_at = MicrosecondsField()

    class Meta:
        db_table = "vessels"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title or self.name


class VesselName(models.Model):
    """A former name of a vessel: its addresses still lead to the vessel."""

    vessel = models.ForeignKey(Vessel, on_delete=models.CASCADE, related_name="former_names")
    name = models.CharField(max_length=64, unique=True)

    class Meta:
        db_table = "vessel_names"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class VesselTag(models.Model):
    """A tag that belongs to a vessel from ``begin`` (null: always) until ``end`` (null: open), in a role.

    ``tolerance`` is how far good batches may differ, in the tag's unit; null: by role. At any time a tag is
    bound to one vessel, unless all its bindings of that time are ``is_shared`` (a common air supply); and a
    vessel has one tag for a role and function, except the role "other".
    """

    vessel = models.ForeignKey(Vessel, on_delete=models.CASCADE, related_name="bindings")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, db_column="tag", related_name="bindings")
    role = models.CharField(max_length=24)
    function = models.CharField(max_length=8, choices=TagFunction.choices, default=TagFunction.MEASURED)
    tolerance = models.FloatField(null=True, blank=True, validators=[MinValueValidator(0)])
    is_shared = models.BooleanField("shared", default=False)
    begin = MicrosecondsField(null=True, blank=True)
    end = MicrosecondsField(null=True, blank=True)

    class Meta:
        db_table = "vessel_tags"
        ordering = ["id"]
        indexes = [models.Index(fields=["vessel", "role"], name="vessel_tag_role")]

    def __str__(self) -> str:
        return f"{self.tag} of {self.vessel}"


class Recipe(models.Model):
    """A version of a recipe: the phases of a batch. A version that a batch has used never changes."""

    name = models.CharField(max_length=64, validators=[SLUG])
    version = models.PositiveIntegerField(default=1)
    description = models.CharField(max_length=500, blank=True, default="")
    is_retired = models.BooleanField("retired", default=False, help_text="Not offered for new batches.")
    made_at = MicrosecondsField()
    made_by = models.CharField(max_length=200)

    class Meta:
        db_table = "recipes"
        ordering = ["name", "-version"]
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="recipe_version")]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"


class Coordinate(models.TextChoices):
    """The progress within a phase over which batches are aligned."""

    TIME = "time", "time in the phase"
    GROWTH = "growth", "oxygen taken up"
    TOTAL = "total", "a totaliser"


class RecipePhase(models.Model):
    """A phase of a recipe.

    ``start_rule`` is the rule for the begin of the phase (null: a person begins it; the first phase begins
    with the inoculation). ``coordinate`` measures the progress; ``coordinate_role`` is the role of the
    totaliser, if any.
    """

    recipe = models.ForeignKey(Recipe, on_delete=models.CASCADE, related_name="phases")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=64)
    typical_duration_s = models.PositiveIntegerField(null=True, blank=True)
    start_rule = models.JSONField(null=True, blank=True)
    coordinate = models.CharField(max_length=8, choices=Coordinate.choices, default=Coordinate.TIME)
    coordinate_role = models.CharField(max_length=24, blank=True, default="")

    class Meta:
        db_table = "recipe_phases"
        ordering = ["recipe", "position"]
        constraints = [
            models.UniqueConstraint(fields=["recipe", "position"], name="recipe_phase_position"),
            models.UniqueConstraint(fields=["recipe", "name"], name="recipe_phase_name"),
            models.CheckConstraint(condition=Q(position__gte=1), name="recipe_phase_from_one"),
        ]

    def __str__(self) -> str:
        return self.name
