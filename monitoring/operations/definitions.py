"""A digest of all tag definitions: open pages compare digests to notice changed limits, names and groups."""

import time
from collections.abc import Iterable, Mapping
from hashlib import sha256

from django.db import Error as DatabaseError

from monitoring.ingest.tags import tag_cache
from monitoring.kernel.runtime import part
from monitoring.kernel.tag_definition import TagDefinition
from monitoring.sources.simulator.demo_tags import unused_names

READ_EVERY_S = 0.5


class NewestDigest:
    """The digest as last read, so that many pages that ask cost one read."""

    def __init__(self) -> None:
        self._digest = ""
        self._read_at = -READ_EVERY_S

    def read(self) -> str:
        """Return the digest, at most ``READ_EVERY_S`` old; empty while the database is unavailable."""
        if time.monotonic() - self._read_at >= READ_EVERY_S:
            self._read_at = time.monotonic()  # other threads go on with the digest of before
            try:
                self._digest = digest_of(tag_cache().read(), unused_names())
            except DatabaseError:
                self._digest = ""
        return self._digest


def newest_digest() -> NewestDigest:
    """Return the digest of this process."""
    return part(NewestDigest)


def digest_of(tags: Mapping[str, TagDefinition], unused: Iterable[str] = ()) -> str:
    """Return a short text that differs when a definition differs, or a demonstration tag comes or goes."""
    shown = [
        (
            *(tag.name, tag.unit, tag.valid_min, tag.valid_max, tag.lower_limit, tag.upper_limit),
            *(tag.description, tag.active, tag.group, tag.stale_after_s, tag.decimals, tag.display_name),
            *(tag.kind, tag.states),
        )
        for tag in tags.values()
    ]
    return sha256(repr((shown, sorted(unused))).encode()).hexdigest()[:16]
