"""How far measurements are archived, for people."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Sum
from django.template.defaultfilters import filesizeformat

from monitoring.archive.presence import is_used
from monitoring.archive.reading import archived_files


@dataclass(frozen=True, slots=True)
class ArchiveExtent:
    """Number of tags, files, measurements and bytes in the archive, from ``start`` to before ``end``."""

    tags: int
    files: int
    rows: int
    bytes: int
    start: datetime
    end: datetime

    def __str__(self) -> str:
        files = "1 file" if self.files == 1 else f"{self.files:,} files"
        days = f"{self.start:%Y-%m-%d} to before {self.end:%Y-%m-%d}"
        return f"measurements of {days}: {self.rows:,} in {files}, {filesizeformat(self.bytes)}"


def read_extent(tag_id: int | None = None) -> ArchiveExtent | None:
    """Return what is archived of a tag (None: of all tags); None if nothing is."""
    if not is_used():
        return None
    files = archived_files(None if tag_id is None else [tag_id]).order_by()
    found = files.aggregate(
        tags=Count("tag", distinct=True),
        files=Count("pk"),
        rows=Sum("rows"),
        bytes=Sum("bytes"),
        start=Min("start"),
        end=Max("moved_until"),
    )
    return ArchiveExtent(**found) if found["files"] else None
