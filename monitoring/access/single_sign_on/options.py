"""Whether single sign-on is configured, the provider's name, and which sessions began there."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY
from django.http import HttpRequest

BACKEND = "monitoring.access.single_sign_on.backend.ProviderBackend"


def is_configured() -> bool:
    """Return whether people may sign in at a provider."""
    return bool(settings.FERMON_OIDC_ISSUER)


def provider_name() -> str:
    """Return the provider's name for buttons and messages; empty without single sign-on."""
    return settings.FERMON_OIDC_NAME or urlsplit(settings.FERMON_OIDC_ISSUER).hostname or ""


def began_at_provider(request: HttpRequest) -> bool:
    """Return whether the session of the request began with a login at the provider."""
    return is_configured() and request.session.get(BACKEND_SESSION_KEY) == BACKEND


def no_role_text(request: HttpRequest) -> str:
    """Return why a user of the provider has no role, with the remedy; empty for a local account."""
    if not began_at_provider(request):
        return ""
    return (
        f"You are signed in by {provider_name()}, but none of your groups there has a role in Fermon. Ask for"
        f" a group that has one ({settings.FERMON_OIDC_CLAIM} in FERMON_OIDC_ROLES), then sign in again."
    )
