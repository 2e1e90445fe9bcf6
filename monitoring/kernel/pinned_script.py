"""A script with a pinned hash, and the local copy."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PinnedScript:
    """A script that browsers and Fermon accept by hash alone, from any source.

    ``integrity`` has the format of HTML (https://www.w3.org/TR/SRI/). ``package`` is the npm package that
    contains the script, ``member`` the path in the npm tarball, ``file`` the path of a local copy
    below ``static/`` in the data directory.
    """

    name: str
    url: str
    integrity: str
    package: str
    member: str
    file: str

    @property
    def file_name(self) -> str:
        """Return the name of the local copy without the directory; contains the version."""
        return Path(self.file).name

    def accepts(self, content: bytes) -> bool:
        """Return whether the content has the pinned hash."""
        return integrity_of(content) == self.integrity

    def read_copy(self, root: Path) -> bytes | None:
        """Return the local copy below ``root``; None if missing, unreadable or with another hash."""
        try:
            content = (root / self.file).read_bytes()
        except OSError:
            return None
        return content if self.accepts(content) else None


def integrity_of(content: bytes) -> str:
    """Return the hash of the content in the format of the ``integrity`` attribute."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()
