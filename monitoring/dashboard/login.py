"""The login page and the page for changing a password."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.core.exceptions import ValidationError
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables

from monitoring.access.pages import database_unavailable

LONGEST_NAME = User._meta.get_field("username").max_length or 150


class SignInForm(AuthenticationForm):
    """Django's login form; rejects names that are too long for the table of failed logins."""

    def clean(self) -> dict[str, Any]:
        """Return the cleaned data.

        Raises:
            ValidationError: name or password is wrong, or the name is too long (no query in that case).
        """
        if len(self.cleaned_data.get("username", "")) > LONGEST_NAME:
            raise self.get_invalid_login_error()
        return super().clean()


class SignInView(LoginView):
    """Log in with name and password, then redirect to the requested page."""

    template_name = "login.html"
    form_class = SignInForm

    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Dispatch as Django does; respond with 503 while the database is unavailable."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except DatabaseError:
            return database_unavailable(request)


class OwnPasswordForm(PasswordChangeForm):
    """Django's form, with the old password checked as at a login: a wrong one is counted and recorded."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    @sensitive_variables("old")
    def clean_old_password(self) -> str:
        """Return the old password.

        Raises:
            ValidationError: the password is wrong, or too many attempts have failed.
        """
        old: str = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.get_username(), password=old) is None:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return old


class OwnPasswordView(PasswordChangeView):
    """Change the user's own password: the old password once, the new one twice."""

    template_name = "password.html"
    success_url = reverse_lazy("password-changed")
    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Return the form's arguments, with the request."""
        return {**super().get_form_kwargs(), "request": self.request}
