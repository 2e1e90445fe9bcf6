"""Lockout after wrong passwords: the account is closed to the address for a while."""

from math import ceil
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from monitoring.access.responses import error_response


def locked_out(request: HttpRequest, credentials: dict[str, Any] | None = None) -> HttpResponse:
    """Return 429, the same for existing and missing accounts."""
    minutes = ceil(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    detail = (
        f"Too many wrong passwords or codes. Wait {minutes} minutes,"
        " or ask an administrator to run axes_reset."
    )
    refusal = error_response(request, 429, detail)
    refusal["Retry-After"] = str(minutes * 60)
    return refusal
