"""What is done about guessed passwords: after a few, that account is closed to that address for a while."""

from math import ceil
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle


def address_of(request: HttpRequest) -> str:
    """The client's address, as far as the proxies that are known can tell."""
    address = BaseThrottle().get_ident(Request(request))
    return address or ""


def locked_out(request: HttpRequest, credentials: dict[str, Any] | None = None) -> HttpResponse:
    """429, alike for accounts that exist and those that don't."""
    minutes = ceil(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    detail = f"Too many wrong passwords. Wait {minutes} minutes, or ask an administrator to run axes_reset."
    page = render(request, "error.html", {"code": 429, "detail": detail}, status=429)
    page["Retry-After"] = str(minutes * 60)
    return page
