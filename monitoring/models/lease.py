"""The lease: the worker that runs a source now, and the progress of the source."""

from django.db import models


class Lease(models.Model):
    """One row per source. The owner runs the source; other workers stand by until the lease expires.

    ``written_until`` moves in the transaction that stores the measurements up to that time, so the part that
    a killed worker did not write is known exactly. A process that follows measurements by id, such as
    detection, stores ``position`` in the same way.
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
