"""A script of exactly one content, and the local copy of it."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PinnedScript:
    """A script that browsers and Fermon accept by its hash alone, wherever it comes from.

    ``integrity`` is as in HTML (https://www.w3.org/TR/SRI/). ``package`` is the npm package that
    contains the script, ``member`` its path in npm's tarball, ``file`` the path of a local copy
    below the data directory's ``static/``.
    """

    name: str
    url: str
    integrity: str
    package: str
    member: str
    file: str

    @property
    def file_name(self) -> str:
        """Return the local copy's name without its directory; contains the version."""
        return Path(self.file).name

    def accepts(self, content: bytes) -> bool:
        """Return whether the content has the pinned hash."""
        return integrity_of(content) == self.integrity

    def read_copy(self, root: Path) -> bytes | None:
        """Return the local copy below ``root``; None if it is missing, unreadable or another content."""
        try:
            content = (root / self.file).read_bytes()
        except OSError:
            return None
        return content if self.accepts(content) else None


def integrity_of(content: bytes) -> str:
    """Return the content's hash as the ``integrity`` attribute has it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()
