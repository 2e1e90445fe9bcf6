"""Deviations of batches as a source of changes for the stream."""

import orjson

from monitoring.batches.watched.deviations import deviation_json, newest_revision
from monitoring.live.ring import StreamMessage
from monitoring.models import Deviation

DEVIATION = b"event: deviation\ndata: %b\n\n"


class DeviationChanges:
    """The deviations, as a source of changes. Subscribers to some tags get none: they are about a batch."""

    name = "deviation"

    def newest_revision(self) -> int:
        """See ``ChangeSource``."""
        return newest_revision()

    def read_changed(self, *, after: int, limit: int) -> list[StreamMessage]:
        """See ``ChangeSource``."""
        rows = Deviation.objects.filter(revision__gt=after).select_related("batch__vessel", "profile")
        return [
            StreamMessage(row.revision, "", DEVIATION % orjson.dumps(deviation_json(row)))
            for row in rows.defer("profile__curves").order_by("revision")[:limit]
        ]
