"""How static files are kept in production."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise has no types
    """Each file under a name with its content's hash, so that browsers may keep it for ever; compressed, too.

    A file that ``collectstatic`` has not seen, such as one of a newer version, has its plain name
    instead of ending the page with an error.
    """

    support_js_module_import_aggregation = True
    manifest_strict = False

    def hashed_name(self, name: str, content: object = None, filename: str | None = None) -> str:
        """The name with the hash."""
        try:
            hashed: str = super().hashed_name(name, content, filename)
        except ValueError:
            return name
        return hashed
