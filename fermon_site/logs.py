"""The log's outputs: lines for a person on the console, JSON lines in a rotated file."""

import logging
import re
import sys
from pathlib import Path
from typing import Any

from concurrent_log_handler import ConcurrentRotatingFileHandler
from django.db import Error as DatabaseError
from pythonjsonlogger.core import RESERVED_ATTRS, merge_record_extra

from fermon_site.request_ids import add_request_id
from monitoring.kernel.outages import outages

MEBIBYTE = 1024 * 1024
# The failure of a task as django-q2 logs it: the cause, then a traceback that ends with the same error, which
# is one of the database. SQLite reports wrong statements as such errors, too: these need their traceback.
TASK_WITHOUT_DATABASE = re.compile(
    r"(?P<line>Failed '[^']+' \([^)]+\) - (?P<cause>.+?)) : Traceback .+\n"
    r"django\.db\.utils\.(?:Operational|Interface)Error:"
    r" (?!no such |near |table .* has no |too many )(?P=cause)\n?",
    re.DOTALL,
)


def no_outage(record: logging.LogRecord) -> bool:
    """Return False for a single 503 answer: an outage is logged once at the start and once at the end."""
    return getattr(record, "status_code", None) != 503


def no_database_error(record: logging.LogRecord) -> bool:
    """Return False for django-q2's tracebacks of a database that is away; report the outage instead.

    If a task failed because the database was away, keep the line with the task and the cause.
    """
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, DatabaseError):
        outages().database.begin(error)
        return False
    if failed := TASK_WITHOUT_DATABASE.fullmatch(record.getMessage()):
        record.msg, record.args = " ".join(failed["line"].split()), ()
    return True


class ConsoleFormatter(logging.Formatter):
    """Format a record for a person, followed by the record's extra fields: ``... (readings=3)``."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without a traceback, which logging appends itself."""
        carried = merge_record_extra(record, {}, reserved={*RESERVED_ATTRS, "message", "asctime"})
        details = ", ".join(f"{name}={escaped(str(value))}" for name, value in carried.items())
        line = super().formatMessage(record)
        return f"{line} ({details})" if details else line

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of an event; all but the first are indented, so that no text forges an event."""
        return "\n    ".join(map(escaped, super().format(record).split("\n")))


def escaped(text: str) -> str:
    """Return the text with escapes for line ends, terminal sequences and other unprintable characters."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text
    )


class LogFile(ConcurrentRotatingFileHandler):
    """The rotated file. Tell once on the console that lines are missing, until one is written again."""

    is_complete = True
    has_failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, if that is possible."""
        self.has_failed = False
        super().emit(record)
        self.is_complete = not self.has_failed

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Report the first of several failures."""
        self.has_failed = True
        if self.is_complete:
            console().handle(self.report_of(sys.exc_info()[1]))

    def report_of(self, error: BaseException | None) -> logging.LogRecord:
        """Return the record that tells the failure."""
        message = (
            f"Lines are missing in {self.baseFilename}: {error}."
            " Make room on the disk, or make the file writable for this user; the console has all lines."
        )
        return logging.LogRecord(__name__, logging.ERROR, __file__, 0, message, (), None)


FORMATTERS: dict[str, Any] = {
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
}
FILTERS: dict[str, Any] = {
    "no_outage": {"()": "django.utils.log.CallbackFilter", "callback": no_outage},
    "request_id": {"()": "django.utils.log.CallbackFilter", "callback": add_request_id},
    "no_database_error": {"()": "django.utils.log.CallbackFilter", "callback": no_database_error},
}
OUTPUTS = ["console", "file"]
# The levels of other packages' loggers: a line for each request and each task would bury important events.
LOGGERS: dict[str, Any] = {
    "django.server": {"handlers": OUTPUTS, "level": "ERROR", "propagate": False, "filters": ["no_outage"]},
    "django.request": {"level": "ERROR", "filters": ["no_outage"]},
    # The production server: an answer that breaks off, a process that ends by itself.
    "_granian": {"handlers": OUTPUTS, "level": "WARNING", "propagate": False},
    "psycopg.pool": {"level": "ERROR"},  # a line for each attempt to connect; the outage has an event
    "axes": {"level": "WARNING"},  # failed logins are in the audit trail
    "django.security.DisallowedHost": {"level": "CRITICAL"},  # scanners cause these all day
    "django-q": {
        "handlers": OUTPUTS,
        "level": "WARNING",
        "propagate": False,
        "filters": ["no_database_error"],
    },
}


def console() -> logging.Handler:
    """Return an output like the one to the console."""
    handler = logging.StreamHandler()
    handler.setFormatter(ConsoleFormatter(FORMATTERS["console"]["format"], style="{"))
    return handler


def logging_config(directory: Path) -> dict[str, Any]:
    """Return Django's LOGGING: one JSON object an event in ``fermon.jsonl``, at most 10 files of 5 MiB.

    Several processes write to the one file, so the handler locks the file for each rotation.
    """
    logging.raiseExceptions = False  # a full disk would fill the console too, with each line's traceback
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": FORMATTERS,
        "filters": FILTERS,
        "handlers": handlers(directory),
        "root": {"handlers": OUTPUTS, "level": "INFO"},
        "loggers": LOGGERS,
    }


def handlers(directory: Path) -> dict[str, Any]:
    """Return the handlers of the console and of ``fermon.jsonl`` in the directory."""
    return {
        "console": {"class": "logging.StreamHandler", "formatter": "console", "filters": ["request_id"]},
        "file": {
            "class": "fermon_site.logs.LogFile",
            "filename": str(directory / "fermon.jsonl"),
            "maxBytes": 5 * MEBIBYTE,
            "backupCount": 9,
            "formatter": "json",
            "filters": ["request_id"],
            "delay": True,
        },
    }
