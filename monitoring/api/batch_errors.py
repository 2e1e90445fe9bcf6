"""Errors of vessels and batches as answers of the API."""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.exceptions import NotFound

from monitoring.api.errors import BadInput, Conflict
from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the errors of vessels and batches to those of the API, by status code."""
    try:
        yield
    except UnknownBatchError as error:
        raise NotFound(str(error)) from error
    except BatchInputError as error:
        raise BadInput(f"{error.field}: {error}", error.field) from error
    except BatchConflictError as error:
        raise Conflict(str(error)) from error
