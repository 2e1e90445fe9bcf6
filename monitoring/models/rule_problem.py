"""Problems of the rules of a vessel."""

from django.db import models

from monitoring.models.fields import MicrosecondsField
from monitoring.models.vessel import Vessel


class RuleProblem(models.Model):
    """The reason why the rules of a vessel do not work, or what a person has to check; gone when solved."""

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
