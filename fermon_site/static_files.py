"""How static files are kept in production."""

import re
from collections.abc import Callable

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise has no types
    """Each file under a name with its content's hash, so that browsers may keep it for ever; compressed, too.

    A file that ``collectstatic`` has not seen, such as one of a newer version, has its plain name
    instead of ending the page with an error.
    """

    support_js_module_import_aggregation = True
    manifest_strict = False
    # A pass settles one level of scripts that import others; the passes end when nothing changes.
    max_post_process_passes = 50

    def hashed_name(self, name: str, content: object = None, filename: str | None = None) -> str:
        """The name with the hash."""
        try:
            hashed: str = super().hashed_name(name, content, filename)
        except ValueError:
            return name
        return hashed

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[re.Match[str]], str]:
        """Leave ``import("./card.js").Card`` alone.

        In these scripts it is a type in a comment, and the types refer to each other in circles.
        """
        convert: Callable[[re.Match[str]], str] = super().url_converter(name, hashed_files, template)

        def converter(match: re.Match[str]) -> str:
            matched = match["matched"]
            return matched if matched.startswith("import(") else convert(match)

        return converter
