"""The errors of vessels, recipes and batches as answers, and the caller of their acts."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.conf import settings
from django.contrib.auth.models import User
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from monitoring.access.audit_trail import recorded_as
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


@contextmanager
def acting(request: Request, name: str = "") -> Iterator[Actor]:
    """Yield the caller of an act, named in the audit trail, too; convert errors to answers.

    ``name`` is the one given without a login. The middleware of the trail names users with a
    session; this names users with tokens, and callers while Fermon is open, as the tables of batches do.
    """
    actor = actor_of(request, {"name": name})
    user = request.user if isinstance(request.user, User) else None  # access tokens have no account
    has_session = request.auth is None and settings.SESSION_COOKIE_NAME in request.COOKIES
    named = nullcontext() if has_session else recorded_as(actor.by, user=user, address=actor.address)
    with named, errors_as_answers():
        yield actor


def source_of(request: Request) -> str:
    """Return the origin of moments that the request sets.

    Scripts of Fermon's pages send a CSRF token, also while Fermon is open: a person pressed a button.
    """
    by_page = request.auth is None and "HTTP_X_CSRFTOKEN" in request.META
    return MomentSource.PERSON if by_page else MomentSource.API
