"""A session before the login: a right password waits for a one-time code, or the provider must answer."""

import time
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, login
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

KEY = "login_without_code"
NEW_KEY = "new_key_of_user"
VERIFIED = "one_time_code"
LASTS_S = 10 * 60
UNSIGNED_S = 15 * 60
LOCAL_BACKEND = "django.contrib.auth.backends.ModelBackend"


def begin(request: HttpRequest, user: User) -> None:
    """Remember the user in a new session: one that a stranger may know must not become theirs."""
    end_soon(request)
    request.session.cycle_key()
    request.session[KEY] = {"user": user.pk, "at": time.time(), "hash": user.get_session_auth_hash()}
    request.session.pop(NEW_KEY, None)


def end_soon(request: HttpRequest) -> None:
    """Let a session without a login end after 15 minutes instead of two weeks.

    Each visit without cookies starts a session on the way to the provider. Call this before the session gets
    further keys: to find out the user ends a session from before a new password, with all keys.
    """
    if not request.user.is_authenticated:
        request.session.set_expiry(UNSIGNED_S)


def forget_steps(request: HttpRequest, **kwargs: Any) -> None:
    """Remove the steps before a login from the session at each login; the session lasts as usual from now on.

    The steps may be those of another account, whose app could be set up otherwise.
    """
    request.session.pop(KEY, None)
    request.session.pop(NEW_KEY, None)
    request.session.set_expiry(None)


def waiting_user(request: HttpRequest) -> User | None:
    """Return the user of such a login; None without one, after ten minutes, or after a new password."""
    found: dict[str, Any] = request.session.get(KEY) or {}
    if not 0 <= time.time() - found.get("at", 0.0) <= LASTS_S:
        return None
    user = User.objects.filter(pk=found["user"], is_active=True).first()
    is_same = user is not None and constant_time_compare(found["hash"], user.get_session_auth_hash())
    return user if is_same else None


def key_to_confirm(request: HttpRequest, user: User) -> str:
    """Return the secret that was shown to this user and waits for a code; empty if there is none."""
    found: dict[str, Any] = request.session.get(NEW_KEY) or {}
    return str(found["key"]) if found.get("user") == user.pk else ""


def keep_key(request: HttpRequest, user: User, key: str) -> None:
    """Keep a secret that is shown to this user, until a code confirms it or the session ends."""
    request.session[NEW_KEY] = {"user": user.pk, "key": key}


def finish(request: HttpRequest, user: User) -> None:
    """Sign the user in, with the code."""
    login(request, user, backend=LOCAL_BACKEND)
    request.session[VERIFIED] = True


def is_unverified(request: HttpRequest) -> bool:
    """Return whether somebody is signed in by a password alone."""
    session = request.session
    return session.get(BACKEND_SESSION_KEY) == LOCAL_BACKEND and not session.get(VERIFIED)
