"""Custom model fields."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring.kernel.clock import from_micros, to_micros

if TYPE_CHECKING:
    DateTimeColumn = models.DateTimeField[Any, Any]
    OneToOneColumn = models.OneToOneField[Any, Any]
else:  # Django's classes are not generic at run time
    DateTimeColumn = models.DateTimeField
    OneToOneColumn = models.OneToOneField


class MicrosecondsField(DateTimeColumn):
    """A time stored as integer microseconds since 1970-01-01T00:00:00Z, in Python an aware datetime.

    Eight bytes in every database, where SQLite stores a datetime as text of 19 to 26 bytes. The columns of
    the write path hold the same integers, so no conversion per reading is needed.
    """

    def get_internal_type(self) -> str:
        """Name a type that is not DateTimeField, so that the database backend does not convert values."""
        return "MicrosecondsField"

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Present the field to migrations, which do not import models, as an integer column."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.BigIntegerField", arguments, options

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "bigint"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Convert a datetime to microseconds."""
        moment = value if prepared else self.get_prep_value(value)
        return to_micros(moment) if isinstance(moment, datetime) else moment

    def from_db_value(self, value: int | None, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """Convert microseconds to an aware datetime."""
        return None if value is None else from_micros(value)


class RowNumberOneToOneField(OneToOneColumn):
    """A one-to-one relation as primary key that is SQLite's row number.

    Only a column of the type INTEGER is the row number itself. A key of the type bigint, Django's choice, has
    an index of its own, so that each access to a row searches two trees.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)
