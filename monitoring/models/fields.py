"""Columns of our own."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring.kernel.clock import from_micros, to_micros

if TYPE_CHECKING:
    DateTimeColumn = models.DateTimeField[Any, Any]
else:  # Django's own class takes no parameters while it runs
    DateTimeColumn = models.DateTimeField


class MomentField(DateTimeColumn):
    """A moment as whole microseconds since 1970-01-01T00:00:00Z, an aware datetime in Python.

    Eight bytes in every database, where SQLite's own datetimes are text of 19 to 26; and what the
    columns of the write path carry, so that nothing is converted reading by reading.
    """

    def get_internal_type(self) -> str:
        """No DateTimeField to the database's own conversions."""
        return "MomentField"

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """To migrations, which know nothing of the models, it is the number that the column holds."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.BigIntegerField", arguments, options

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """The column's type."""
        return "bigint"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """The moment as the column holds it."""
        moment = value if prepared else self.get_prep_value(value)
        return to_micros(moment) if isinstance(moment, datetime) else moment

    def from_db_value(self, value: int | None, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """The column's value as a moment."""
        return None if value is None else from_micros(value)
