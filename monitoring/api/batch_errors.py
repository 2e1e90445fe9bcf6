"""The errors of vessels, recipes and batches as answers, and the caller of their acts."""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from monitoring.api.alarms import actor_of
from monitoring.api.errors import BadInput, Conflict
from monitoring.batches.errors import BatchConflictError, BatchInputError, UnknownBatchError
from monitoring.kernel.actor import Actor
from monitoring.models import MomentSource


@contextmanager
def errors_as_answers() -> Iterator[None]:
    """Convert the errors of acts on vessels, recipes and batches to those of the API, by status code."""
    try:
        yield
    except UnknownBatchError as error:
        raise NotFound(str(error)) from error
    except BatchInputError as error:
        raise BadInput(f"{error.field}: {error}", error.field) from error
    except BatchConflictError as error:
        raise Conflict(str(error)) from error


def caller(request: Request, name: str = "") -> Actor:
    """Return the caller; ``name`` is that which somebody without a login gives."""
    return actor_of(request, {"name": name})


def source_of(request: Request) -> str:
    """Return the origin of moments that the request sets.

    Scripts of Fermon's pages send a CSRF token, also while Fermon is open: a person pressed a button.
    """
    by_page = request.auth is None and "HTTP_X_CSRFTOKEN" in request.META
    return MomentSource.PERSON if by_page else MomentSource.API
