"""A login with a right password that waits for a one-time code; nobody is signed in meanwhile."""

import time
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, login
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

KEY = "login_without_code"
NEW_KEY = "new_one_time_key"
VERIFIED = "one_time_code"
LASTS_S = 10 * 60
LOCAL_BACKEND = "django.contrib.auth.backends.ModelBackend"


def begin(request: HttpRequest, user: User) -> None:
    """Remember the user in a new session: one that a stranger may know must not become theirs."""
    request.session.cycle_key()
    request.session[KEY] = {"user": user.pk, "at": time.time(), "hash": user.get_session_auth_hash()}
    request.session.pop(NEW_KEY, None)


def waiting_user(request: HttpRequest) -> User | None:
    """Return the user of such a login; None without one, after ten minutes, or after a new password."""
    found: dict[str, Any] = request.session.get(KEY) or {}
    if not 0 <= time.time() - found.get("at", 0.0) <= LASTS_S:
        return None
    user = User.objects.filter(pk=found["user"], is_active=True).first()
    is_same = user is not None and constant_time_compare(found["hash"], user.get_session_auth_hash())
    return user if is_same else None


def finish(request: HttpRequest, user: User) -> None:
    """Sign the user in, with the code."""
    request.session.pop(KEY, None)
    login(request, user, backend=LOCAL_BACKEND)
    request.session[VERIFIED] = True


def is_unverified(request: HttpRequest) -> bool:
    """Return whether somebody is signed in by a password alone."""
    session = request.session
    return session.get(BACKEND_SESSION_KEY) == LOCAL_BACKEND and not session.get(VERIFIED)
