"""The pages of one-time codes: the second step of a login, and an account's authenticator app."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.contrib.auth.views import RedirectURLMixin
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView

from monitoring.access.one_time_codes import devices, pending
from monitoring.access.one_time_codes.checking import WRONG, problem_with
from monitoring.access.one_time_codes.qr_codes import qr_code
from monitoring.access.pages import database_unavailable, to_login
from monitoring.access.single_sign_on.options import began_at_provider


class CodePage(RedirectURLMixin, TemplateView):
    """Base class: 404 while one-time codes are off, 503 while the database is away."""

    next_page = settings.LOGIN_REDIRECT_URL

    @method_decorator(login_not_required)  # the views below find out for whom they are
    @method_decorator(never_cache)
    @method_decorator(sensitive_post_parameters("code"))
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Dispatch as Django does.

        Raises:
            Http404: one-time codes are off.
        """
        if not devices.are_on():
            raise Http404
        try:
            return super().dispatch(request, *args, **kwargs)
        except DatabaseError:
            return database_unavailable(request)

    def page_with_next(self, name: str) -> HttpResponse:
        """Return the redirect to another step of the login, which leads on to the same page."""
        return redirect(address_with_next(name, self.get_redirect_url()))


def address_with_next(name: str, following: str) -> str:
    """Return the address of a step of the login; ``following`` is the page after the login."""
    return f"{reverse(name)}?{urlencode({'next': following})}" if following else reverse(name)


def first_step_for(user: User) -> str:
    """Return the name of the page after the password: the code, or an app for someone without one."""
    return "login-code" if devices.has_device(user) else "one-time-codes"


class LoginCodeView(CodePage):
    """Ask for a code after the password, and sign in."""

    template_name = "login_code.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the form; without a password before, the login page."""
        if (user := pending.waiting_user(request)) is None:
            return to_login(request, self.get_redirect_url())
        if not devices.has_device(user):
            return self.page_with_next("one-time-codes")
        return self.form()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Sign in and lead on, or say why not."""
        if (user := pending.waiting_user(request)) is None:
            return to_login(request, self.get_redirect_url())
        if problem := problem_with(request, user, request.POST.get("code", "")):
            return self.form(problem)
        pending.finish(request, user)
        return redirect(self.get_success_url())

    def form(self, problem: str = "") -> HttpResponse:
        """Return the form, with the error."""
        by_recovery = "recovery" in self.request.GET
        context = {"problem": problem, "by_recovery": by_recovery, "next": self.get_redirect_url()}
        return self.render_to_response(context)


class OneTimeCodesView(CodePage):
    """Set up an authenticator app, make new recovery codes, or remove the app."""

    template_name = "one_time_codes.html"
    user: User

    def refused(self) -> HttpResponse | None:
        """Find the user of the request; return the redirect for somebody whom the page is not for."""
        waiting = pending.waiting_user(self.request)
        self.is_waiting = waiting is not None and not devices.has_device(waiting)
        if waiting is not None and self.is_waiting:
            self.user = waiting
            return None
        if not self.request.user.is_authenticated:
            # An account with an app needs a code to come here.
            return self.page_with_next("login-code") if waiting else to_login(self.request, self.request.path)
        self.user = self.request.user
        return None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the page."""
        return self.refused() or self.page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Carry out the act of the pressed button."""
        if refusal := self.refused():
            return refusal
        acts = {"confirm": self.confirm, "recovery": self.make_recovery_codes, "remove": self.remove}
        act = acts.get(request.POST.get("act", ""))
        if (
            act is None
            or began_at_provider(request)
            or (act == self.confirm) == devices.has_device(self.user)
        ):
            return self.page()
        return act(request.POST.get("code", ""))

    def confirm(self, code: str) -> HttpResponse:
        """Set up the app that made the code, and end a login that waited for that."""
        key = pending.key_to_confirm(self.request, self.user)
        recovery_codes = devices.confirm(self.user, key, code) if key else None
        if recovery_codes is None:
            return self.page(WRONG)
        self.request.session.pop(pending.NEW_KEY)
        if self.is_waiting:
            pending.finish(self.request, self.user)
        else:
            self.request.session[pending.VERIFIED] = True
        return self.page(recovery_codes=recovery_codes)

    def make_recovery_codes(self, code: str) -> HttpResponse:
        """Replace the recovery codes; a code shows that the app is at hand."""
        if problem := problem_with(self.request, self.user, code):
            return self.page(problem)
        return self.page(recovery_codes=devices.new_recovery_codes(self.user))

    def remove(self, code: str) -> HttpResponse:
        """Remove the app, unless the user must have one."""
        if devices.must_have_device(self.user):
            return self.page("Your role needs one-time codes. An administrator can remove a lost app.")
        if problem := problem_with(self.request, self.user, code):
            return self.page(problem)
        devices.remove(self.user)
        return self.page()

    def page(self, problem: str = "", recovery_codes: list[str] | None = None) -> HttpResponse:
        """Return the page; ``recovery_codes`` are shown this once."""
        has_device = devices.has_device(self.user)
        context: dict[str, Any] = {
            "account": self.user,
            "problem": problem,
            "recovery_codes": recovery_codes,
            "has_device": has_device,
            "must": devices.must_have_device(self.user),
            "is_waiting": self.is_waiting,
            "by_provider": began_at_provider(self.request),
            "next": self.get_redirect_url(),
            "following": self.get_success_url(),
        }
        if has_device:
            context["codes_left"] = devices.recovery_codes_left(self.user)
        elif not context["by_provider"]:
            context |= self.secret()
        return self.render_to_response(context)

    def secret(self) -> dict[str, Any]:
        """Return a new secret as QR code and text; the same until it is confirmed or the session ends."""
        key = pending.key_to_confirm(self.request, self.user) or devices.new_key()
        pending.keep_key(self.request, self.user, key)
        address = devices.address_of_key(self.user, key)
        return {"qr_code": qr_code(address), "shown_key": devices.shown_key(key), "app_address": address}
