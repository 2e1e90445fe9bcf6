"""The error of a file or of settings that an import cannot use."""


class ImportInputError(ValueError):
    """A file or a setting is wrong; the message names the remedy, ``field`` the setting."""

    def __init__(self, message: str, field: str = "file") -> None:
        super().__init__(message)
        self.field = field
