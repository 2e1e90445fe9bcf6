"""The lease: which worker runs a source now, and how far it has come."""

from django.db import models


class Lease(models.Model):
    """One row a source. Whoever holds it runs the source; the others stand by until it expires.

    ``written_until`` moves in the transaction that stores the measurements up to it, so what a
    killed worker has not written is known exactly. Who follows the measurements by their ids, as
    the judge does, keeps its ``position`` likewise.
    """

    source = models.CharField(max_length=40, primary_key=True)
    owner = models.CharField(max_length=100, blank=True)
    expires_at = models.DateTimeField(null=True)
    renewed_at = models.DateTimeField(null=True)
    written_until = models.DateTimeField(null=True)
    position = models.BigIntegerField(null=True)

    class Meta:
        db_table = "leases"

    def __str__(self) -> str:
        return f"{self.source} held by {self.owner or 'nobody'}"
