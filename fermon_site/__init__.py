"""The site: settings, entry points and the server of the application ``monitoring``."""

__version__ = "0.3.0"
