"""The token: the credentials of a source."""

from enum import StrEnum

from django.core.validators import RegexValidator
from django.db import models

TAG_PREFIX = RegexValidator(
    r"\A[A-Za-z][A-Za-z0-9_.-]*\Z", "As tags' names begin: a letter; then letters, digits, '_', '-' and '.'."
)


class Scope(StrEnum):
    """The purpose of a token; a token has exactly one."""

    INGEST = "ingest"
    READ = "read"


class Token(models.Model):
    """One row per token, with the digest of the secret only: reading this table gives nobody access.

    Scope and prefix never change after creation.
    """

    name = models.CharField(max_length=100, help_text="Which source has it.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(
        max_length=6,
        choices=[(Scope.INGEST.value, "ingest only"), (Scope.READ.value, "read only")],
        default=Scope.INGEST.value,
    )
    prefix = models.CharField(
        "tag prefix",
        max_length=64,
        blank=True,
        validators=[TAG_PREFIX],
        help_text="Only tags whose names begin so: 'F1_' for F1_temp and F1_ph. Empty: all tags.",
    )
    active = models.BooleanField(default=True, help_text="Off: it is revoked, from the next request on.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    used_at = models.DateTimeField("last used", null=True, editable=False)

    class Meta:
        db_table = "tokens"
        ordering = ["-active", "name", "id"]

    def __str__(self) -> str:
        return self.name
