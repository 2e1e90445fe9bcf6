"""Convert errors to responses: JSON with ``detail`` for scripts, a page for browsers, no stack trace."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from rest_framework import status
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    MethodNotAllowed,
    NotAcceptable,
    NotAuthenticated,
    NotFound,
    Throttled,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as rest_exception_handler

from monitoring.access.callers import address_of
from monitoring.access.responses import error_response
from monitoring.access.throttles import count_failure
from monitoring.archive.outage import read_outage
from monitoring.archive.place import ArchiveError
from monitoring.kernel.outages import outages
from monitoring.kernel.quoting import shown

RETRY_AFTER_S = 5


class BadInput(APIException):
    """The request violates the API contract (400); ``field`` names the invalid field."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "bad_input"

    def __init__(self, detail: str, field: str) -> None:
        super().__init__(detail)
        self.field = field


class Conflict(APIException):
    """The request contradicts the stored state (409)."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class Unavailable(APIException):
    """The service cannot handle the request now (503); the client should retry after ``wait`` seconds."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    wait = RETRY_AFTER_S  # DRF sends this value as Retry-After


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponseBase | None:
    """Convert an error to a response of one shape, with 503 for database errors, through DRF's handler.

    Redirect a browser that requests a page to the login. Count other unauthenticated requests here,
    because DRF does not call throttles for a caller without permission.
    """
    if isinstance(error, NotAuthenticated):
        if asks_for_page(context["request"]):
            return redirect_to_login(context["request"].get_full_path())
        try:
            count_failure(address_of(context["request"]))
        except Throttled as too_many:
            error = too_many
    if isinstance(error, DatabaseError):
        error = unavailable(error, context["request"])
    if isinstance(error, ValidationError):
        error = first_problem(error)
    if isinstance(error, Http404):
        error = NotFound("format: this address has no such format; OPTIONS lists those that it has")
    response = rest_exception_handler(with_expectation(error, context), context)
    if response is not None and isinstance(error, BadInput) and error.field:
        response.data["field"] = error.field
    return response


def with_expectation(error: Exception, context: Mapping[str, Any]) -> Exception:
    """Return the error; where DRF says only what it refuses, replace the detail by what is expected."""
    match error:
        case MethodNotAllowed():
            got = shown(context["request"].method)
            text = f"method: expected {any_of(context['view'].allowed_methods)}, got {got}"
        case UnsupportedMediaType():
            kinds = any_of(parser.media_type for parser in context["view"].get_parsers())
            text = f"Content-Type: expected {kinds}, got {shown(context['request'].content_type)}"
        case NotAcceptable():
            text = f"Accept: expected {any_of(each.media_type for each in context['view'].get_renderers())}"
        case NotAuthenticated():
            is_given = "Authorization" in context["request"].headers  # never shown: it may be a password
            got = "another scheme" if is_given else "nothing"
            text = f"Authorization: expected 'Token' or 'Bearer', a space, and the token; got {got}"
        case _:
            return error
    error.detail = ErrorDetail(text, error.default_code)
    return error


def any_of(words: Iterable[str]) -> str:
    """Return the words for a message, each once."""
    return " or ".join(dict.fromkeys(words))


def unavailable(error: DatabaseError, request: Request) -> Unavailable:
    """Note that database or archive is away, and return the error for the caller."""
    if isinstance(error, ArchiveError):
        read_outage().begin(error)
        return Unavailable(
            "The archive can't be used now, and measurements of this time are in it. Nothing is lost; try"
            " again in a few minutes, or ask for a later time."
        )
    outages().database.begin(error)
    be_nobody(request)
    return Unavailable("The database is away. Nothing is lost; try again in a few seconds.")


def be_nobody(request: Request) -> None:
    """Set an anonymous user, so that rendering an error page does not query the database for the user."""
    request.user, request.auth = AnonymousUser(), None


def asks_for_page(request: Request) -> bool:
    """Return whether a browser requests a page, so that the user can sign in."""
    kind = getattr(request, "accepted_renderer", None)
    return request.method == "GET" and kind is not None and kind.format in ("api", "html")


def first_problem(error: ValidationError) -> BadInput:
    """Reduce the nested messages of DRF to the first message of the first field."""
    detail: Any = error.detail
    field = ""
    while isinstance(detail, Mapping | list):
        if isinstance(detail, Mapping):
            key, detail = next(iter(detail.items()))
            # An int is an index into a list; errors of a nested list or object belong to the field around it.
            field = key if isinstance(key, str) and key != api_settings.NON_FIELD_ERRORS_KEY else field
        else:
            detail = detail[0]
    return BadInput(f"{field}: {detail}" if field else str(detail), field)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the response for Django's 400, for example for a host name that is not allowed."""
    return error_response(request, 400, "Bad request: its host name or its form is not accepted here.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the response for Django's 403, with a way to sign in as another user."""
    user = getattr(request, "user", None)
    name = user.get_username() if user else ""
    return error_response(request, 403, str(exception) or "You may not do that.", signed_in_as=name)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the 403 for a form from a foreign page or from a page opened before the last login."""
    return error_response(
        request, 403, "This was not sent from a current page of Fermon. Go back, reload it and try again."
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the response for Django's 404."""
    detail = f"There is nothing at {request.path}."
    return error_response(request, 404, detail, for_scripts="GET / lists what there is.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the response for Django's 500; the log contains the cause."""
    return error_response(request, 500, "Something went wrong here; the log says what.")
