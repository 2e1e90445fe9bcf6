"""The login page and the page for changing a password."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.core.exceptions import ValidationError
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables

from monitoring.access.one_time_codes.devices import needs_code
from monitoring.access.one_time_codes.pending import begin
from monitoring.access.pages import database_unavailable
from monitoring.access.single_sign_on.accounts import belongs_to_provider
from monitoring.access.single_sign_on.options import is_configured, provider_name
from monitoring.access.single_sign_on.provider import provider
from monitoring.dashboard.one_time_codes import address_with_next, first_step_for
from monitoring.dashboard.single_sign_on import reason_text

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

    def confirm_login_allowed(self, user: User) -> None:
        """Check that the account is open and no account of the provider.

        Raises:
            ValidationError: the account signs in at the provider, or is closed.
        """
        super().confirm_login_allowed(user)
        if belongs_to_provider(user):
            raise ValidationError(
                f"This account belongs to {provider_name()}: sign in there.", code="provider"
            )


class SignInView(LoginView):
    """Log in with name and password, then redirect to the requested page."""

    template_name = "login.html"
    form_class = SignInForm

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in; ask users with one-time codes for one first."""
        if not needs_code(user := form.get_user()):
            return super().form_valid(form)
        begin(self.request, user)
        return redirect(address_with_next(first_step_for(user), self.get_redirect_url()))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the context, with the way to the provider of single sign-on and why it failed."""
        found = super().get_context_data(**kwargs)
        if is_configured():
            found["provider"] = provider_name()
            found["provider_is_away"] = provider().discovery.is_away
            found["provider_problem"] = reason_text(self.request.GET.get("provider", ""))
            found["provider_address"] = address_with_next("sign-in-start", self.get_redirect_url())
        return found

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
