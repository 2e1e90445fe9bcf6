"""Where Fermon's log goes: lines for a person on the console, JSON lines in a rotated file."""

import logging
from pathlib import Path
from typing import Any

from django.db import Error as DatabaseError
from pythonjsonlogger.core import RESERVED_ATTRS, merge_record_extra

from monitoring.kernel import outages

MEBIBYTE = 1024 * 1024


def no_outage(record: logging.LogRecord) -> bool:
    """False for each single 503: an outage is logged once when it begins and once when it ends."""
    return getattr(record, "status_code", None) != 503


def no_database_error(record: logging.LogRecord) -> bool:
    """False for what django-q2 says, with its traceback, each time that it meets a database that is away."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, DatabaseError):
        outages.database.begin(error)
        return False
    return True


class ConsoleFormatter(logging.Formatter):
    """A line for a person, which also ends in what the event carries: ``... (readings=3)``."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line without a traceback, which logging appends by itself."""
        carried = merge_record_extra(record, {}, reserved={*RESERVED_ATTRS, "message", "asctime"})
        details = ", ".join(f"{name}={value}" for name, value in carried.items())
        line = super().formatMessage(record)
        return f"{line} ({details})" if details else line


def logging_config(directory: Path) -> dict[str, Any]:
    """Django's LOGGING: one JSON object an event in ``fermon.jsonl``, at most 10 files of 5 MiB.

    Several processes write to the one file, so the handler locks it while it rotates.
    """
    directory.mkdir(parents=True, exist_ok=True)
    logging.raiseExceptions = False  # a full disk would fill the console too, with each line's traceback
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "console": {
                "()": ConsoleFormatter,
                "format": "{asctime} {levelname} {name}: {message}",
                "style": "{",
            },
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "{asctime}{levelname}{name}{message}{process}",
                "style": "{",
                "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
            },
        },
        "filters": {
            "no_outage": {"()": "django.utils.log.CallbackFilter", "callback": no_outage},
            "no_database_error": {"()": "django.utils.log.CallbackFilter", "callback": no_database_error},
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
            "django.server": {
                "handlers": ["console", "file"],
                "level": "ERROR",
                "propagate": False,
                "filters": ["no_outage"],
            },
            "django.request": {"level": "ERROR", "filters": ["no_outage"]},
            # The production server: an answer that breaks off, a process that ends by itself.
            "_granian": {"handlers": ["console", "file"], "level": "WARNING", "propagate": False},
            "psycopg.pool": {"level": "ERROR"},  # a line for each try to connect; the outage has its own
            "axes": {"level": "WARNING"},  # failed logins are in the audit trail
            "django.security.DisallowedHost": {"level": "CRITICAL"},  # scanners knock all day
            "django-q": {
                "handlers": ["console", "file"],
                "level": "WARNING",
                "propagate": False,
                "filters": ["no_database_error"],
            },
        },
    }
