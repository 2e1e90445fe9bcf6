"""Storage of static files in production."""

import re
from collections.abc import Callable

from whitenoise.storage import CompressedManifestStaticFilesStorage

AWAIT = "await "


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise has no types
    """Compressed files with a hash of the content in the name, so that browsers may cache them for ever.

    A file that ``collectstatic`` has not seen, such as one of a newer version, keeps the plain name instead
    of failing the page.
    """

    support_js_module_import_aggregation = True
    manifest_strict = False
    # Each pass resolves one level of imports between scripts; the passes end when nothing changes.
    max_post_process_passes = 50

    def hashed_name(self, name: str, content: object = None, filename: str | None = None) -> str:
        """Return the name with the hash; the plain name for an unknown file."""
        try:
            hashed: str = super().hashed_name(name, content, filename)
        except ValueError:
            return name
        return hashed

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[re.Match[str]], str]:
        """Leave ``import("./card.js").Card`` unchanged, unless after ``await``.

        In Fermon's scripts this is a type in a comment, and the types refer to each other in cycles. Only a
        script that loads on demand stands after ``await``.
        """
        convert: Callable[[re.Match[str]], str] = super().url_converter(name, hashed_files, template)

        def converter(match: re.Match[str]) -> str:
            matched = match["matched"]
            is_type = matched.startswith("import(") and not match.string.endswith(AWAIT, 0, match.start())
            return matched if is_type else convert(match)

        return converter
