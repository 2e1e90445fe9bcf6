"""The login page."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator

from monitoring.dashboard.access import away


class SignInView(LoginView):
    """Name and password; then on to the page that was asked for."""

    template_name = "login.html"

    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Django's, with a page of its own while the database is away."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except DatabaseError:
            return away(request)
