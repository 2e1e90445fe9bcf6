"""Storage of static files in production."""

from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

OWN_SCRIPTS = "monitoring/js/"


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise has no types
    """Compressed files with a hash of the content in the name, so that browsers may cache them for ever.

    Fermon's scripts are stored without comments, which are two fifths of their compressed size; the types in
    these comments would be taken for imports as well. A file that ``collectstatic`` has not seen, such as one
    of a newer version, keeps the plain name instead of failing the page.
    """

    support_js_module_import_aggregation = True
    manifest_strict = False
    # Each pass resolves one level of imports between scripts; the passes end when nothing changes.
    max_post_process_passes = 50

    def _save(self, name: str, content: File) -> str:  # type: ignore[type-arg]
        if is_own_script(name):
            content = ContentFile(without_comments(b"".join(content.chunks())))
        saved: str = super()._save(name, content)
        return saved

    def post_process(
        self, paths: dict[str, tuple[Storage, str]], *arguments: Any, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Hash the collected scripts, not their sources."""
        collected = {name: (self, name) if is_own_script(name) else paths[name] for name in paths}
        yield from super().post_process(collected, *arguments, **options)

    def hashed_name(self, name: str, content: object = None, filename: str | None = None) -> str:
        """Return the name with the hash; the plain name for an unknown file."""
        try:
            hashed: str = super().hashed_name(name, content, filename)
        except ValueError:
            return name
        return hashed


def is_own_script(name: str) -> bool:
    """Return whether the file is one of Fermon's scripts."""
    return name.replace("\\", "/").startswith(OWN_SCRIPTS) and name.endswith(".js")


def without_comments(script: bytes) -> bytes:
    """Return a script without comments and indentation."""
    smaller: str = jsmin(script.decode())
    return smaller.encode()
