"""Where Fermon's log goes: lines for a person on the console, JSON lines in a rotated file."""

from pathlib import Path
from typing import Any

MEBIBYTE = 1024 * 1024


def logging_config(directory: Path) -> dict[str, Any]:
    """Django's LOGGING: one JSON object an event in ``fermon.jsonl``, at most 10 files of 5 MiB.

    Several processes write to the one file, so the handler locks it while it rotates.
    """
    directory.mkdir(parents=True, exist_ok=True)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "console": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "{asctime}{levelname}{name}{message}{process}",
                "style": "{",
                "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
            },
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "console"},
            "file": {
                "class": "concurrent_log_handler.ConcurrentRotatingFileHandler",
                "filename": str(directory / "fermon.jsonl"),
                "maxBytes": 5 * MEBIBYTE,
                "backupCount": 9,
                "formatter": "json",
                "delay": True,
            },
        },
        "root": {"handlers": ["console", "file"], "level": "INFO"},
        "loggers": {
            # Each request and each task on a line of its own would bury what matters.
            "django.server": {"handlers": ["console", "file"], "level": "ERROR", "propagate": False},
            "django.request": {"level": "ERROR"},
            "django-q": {"handlers": ["console", "file"], "level": "WARNING", "propagate": False},
        },
    }
