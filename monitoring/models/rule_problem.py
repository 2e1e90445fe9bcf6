"""Problems of the rules of a vessel, and moments by rules that people took back."""

from django.db import models

from monitoring.models.batch import Batch
from monitoring.models.fields import MicrosecondsField
from monitoring.models.vessel import Vessel


class RuleProblem(models.Model):
    """The reason why the rules of a vessel do not work, or a task for a person; gone when solved."""

    vessel = models.OneToOneField(
        Vessel, on_delete=models.CASCADE, primary_key=True, related_name="rule_problem"
    )
    text = models.TextField()
    since = MicrosecondsField()

    class Meta:
        db_table = "rule_problems"
        ordering = ["vessel"]

    def __str__(self) -> str:
        return self.text


class WithdrawnMoment(models.Model):
    """A moment of a batch that a person took back: no rule sets it again before it has been false.

    ``moment`` is "inoculation", "end", or "phase " with the name of a phase.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="withdrawn_moments")
    moment = models.CharField(max_length=80)
    at = MicrosecondsField()

    class Meta:
        db_table = "withdrawn_moments"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.moment} of {self.batch}"
