"""Sign in at the provider of single sign-on, come back from there, and sign out."""

import logging
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
    get_next_url,
)

from monitoring.access.one_time_codes.pending import end_soon
from monitoring.access.pages import database_unavailable
from monitoring.access.single_sign_on.backend import SignInFailedError, library_setting
from monitoring.access.single_sign_on.options import began_at_provider, is_configured, provider_name
from monitoring.access.single_sign_on.provider import provider

logger = logging.getLogger(__name__)

# Shown on the login page; {} is the provider's name.
REASONS = {
    "away": "{} can't be reached now. Try again in a minute, or sign in with an account of Fermon.",
    "closed": "Your account in Fermon is closed. An administrator can open it.",
    "denied": "{} did not allow the login, or it was cancelled there.",
    "ended": "Your login at {} has ended. Sign in again.",
    "expired": "That login was begun elsewhere or too long ago. Sign in again.",
    "invalid": "The answer of {} could not be verified. Tell an administrator: the log says why.",
    "refused": "{} refused the login. Tell an administrator: the log says why.",
}
# OpenID Connect Core 3.1.2.6: the provider would have to ask the person, but was told not to.
SILENT_ERRORS = {"login_required", "interaction_required", "consent_required", "account_selection_required"}


def reason_text(reason: str) -> str:
    """Return why a login at the provider failed; empty for a reason that does not exist."""
    return REASONS.get(reason, "").format(provider_name()) if is_configured() else ""


def failed(reason: str, following: str = "") -> HttpResponse:
    """Return the redirect to the login page, which says why and leads on to ``following``."""
    query = {"provider": reason, **({"next": following} if following else {})}
    return redirect(f"{reverse('login')}?{urlencode(query)}")


class ProviderView:
    """Answer 404 without single sign-on, and 503 while the database is away."""

    @method_decorator(login_not_required)
    @method_decorator(never_cache)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Dispatch as the library does."""
        try:
            answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except DatabaseError:
            return database_unavailable(request)
        return answer

    @staticmethod
    def get_settings(attr: str, *args: Any) -> Any:
        """Return a setting of the library."""
        if not is_configured():
            raise Http404
        return library_setting(attr, *args)


class StartView(ProviderView, OIDCAuthenticationRequestView):  # type: ignore[misc]  # the library has no types
    """Send the browser to the provider, with state, nonce and code challenge (PKCE)."""

    def __init__(self, **kwargs: Any) -> None:
        """Look up the endpoint at each request: the provider may have been away before."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the provider; to the login page if the provider does not answer."""
        self.OIDC_RP_CLIENT_ID = self.get_settings("OIDC_RP_CLIENT_ID")
        if not provider().answers():
            return failed("away", get_next_url(request, "next") or "")
        self.OIDC_OP_AUTH_ENDPOINT = self.get_settings("OIDC_OP_AUTHORIZATION_ENDPOINT")
        end_soon(request)
        answer: HttpResponse = super().get(request)
        return answer


class ReturnView(ProviderView, OIDCAuthenticationCallbackView):  # type: ignore[misc]
    """Take the browser back from the provider, and log the person in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the page that was asked for; to the login page, which says why, after a failure."""
        self.get_settings("OIDC_RP_CLIENT_ID")
        if request.GET.get("state", "") not in request.session.get("oidc_states", {}):
            return failed("expired")  # nobody is signed out: another site may have made this address
        if not (request.GET.get("error") or request.GET.get("code")):
            logger.warning("single sign-on failed", extra={"reason": "refused", "detail": "no code"})
            return failed("refused")
        self.following = request.session.get("oidc_login_next") or ""  # a failure ends the session
        try:
            answer: HttpResponse = super().get(request)
        except SignInFailedError as error:
            logger.warning("single sign-on failed", extra={"reason": error.reason, "detail": str(error)})
            logout(request)
            return failed(error.reason)
        return answer

    def login_failure(self) -> HttpResponse:
        """Return the redirect to the login page, with the provider's error in words."""
        error = self.request.GET.get("error", "")
        if error in SILENT_ERRORS:
            return failed("ended", self.following)
        logger.warning("single sign-on failed", extra={"reason": "refused", "detail": error[:100]})
        return failed("denied" if error == "access_denied" else "refused")


class SignOutView(LogoutView):
    """Sign out. Users of the provider learn that the login there goes on."""

    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Dispatch as Django does."""
        self.began_at_provider = request.method == "POST" and began_at_provider(request)
        return super().dispatch(request, *args, **kwargs)

    def get_default_redirect_url(self) -> str:
        """Return the next page: that of the provider's users, or the dashboard."""
        return reverse("signed-out") if self.began_at_provider else super().get_default_redirect_url()


@login_not_required
@never_cache
def signed_out(request: HttpRequest) -> HttpResponse:
    """Return the page after signing out, with a link that signs out at the provider, too.

    A link, as the Content-Security-Policy lets no form lead to another site.
    """
    if not is_configured():
        raise Http404
    end = provider().known().get("end_session_endpoint")
    query = urlencode(
        {
            "client_id": library_setting("OIDC_RP_CLIENT_ID"),
            "post_logout_redirect_uri": request.build_absolute_uri(reverse("login")),
        }
    )
    context = {"provider": provider_name(), "end": f"{end}{'&' if '?' in end else '?'}{query}" if end else ""}
    return render(request, "signed_out.html", context)
