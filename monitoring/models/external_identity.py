"""The identity of an account at the provider of single sign-on."""

from django.conf import settings
from django.db import models


class ExternalIdentity(models.Model):
    """One row per account that signs in at a provider, found by issuer and subject alone.

    The subject is the provider's own id of the person, which never changes and is never given to another one
    (OpenID Connect Core 2); names and e-mail addresses are.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="external_identity"
    )
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField("first login", auto_now_add=True)

    class Meta:
        db_table = "external_identities"
        ordering = ["user__username"]
        verbose_name = "account of single sign-on"
        verbose_name_plural = "accounts of single sign-on"
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_account_per_external_identity")
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.issuer})"
