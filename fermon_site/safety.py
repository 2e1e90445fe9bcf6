"""Settings with which Fermon does not start, each with its name and the remedy."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from monitoring.access.addresses import is_this_machine, open_to_others

# Django's own requirements of a key: https://docs.djangoproject.com/en/5.2/ref/checks/#security
SHORTEST_KEY = 50
FEWEST_SIGNS = 5
SAMPLES = ("django-insecure-", "change", "secret", "example", "your-", "your_")
NEW_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(50))"'


def refuse_insecure(*, secret_key: str, hosts: Sequence[str], is_open: bool, debug: bool) -> None:
    """Check the settings of a production server.

    Raises:
        ImproperlyConfigured: one of the settings would let strangers in.
    """
    if why := weakness(secret_key):
        raise insecure("SECRET_KEY", f"it {why}, so that logins can be forged. Make one: {NEW_KEY}")
    if not hosts:
        raise insecure("ALLOWED_HOSTS", "there is no name between its commas. List those that users type.")
    if any(host in ("*", ".") for host in hosts):
        raise insecure("ALLOWED_HOSTS", "'*' is any host name. List those that users type.")
    if is_open:
        raise insecure("FERMON_OPEN=1", "everybody could read and write. Leave it out.")
    if debug:
        raise insecure("FERMON_DEBUG=1", "its pages show settings and source. Leave it out.")


def insecure(setting: str, why: str) -> ImproperlyConfigured:
    """Return the error for a setting."""
    return ImproperlyConfigured(f"FERMON_PRODUCTION=1 does not start with this {setting}: {why}")


def weakness(secret_key: str) -> str:
    """Return the weakness of the key; empty if none is found."""
    if len(secret_key) < SHORTEST_KEY:
        return f"is shorter than {SHORTEST_KEY} characters"
    if len(set(secret_key)) < FEWEST_SIGNS:
        return f"has fewer than {FEWEST_SIGNS} different characters"
    if secret_key.lower().startswith(SAMPLES):
        return "begins as the samples in documentation do"
    return ""


def refuse_open_to_others(host: str) -> None:
    """Check that only this machine can reach a Fermon without login.

    Raises:
        ImproperlyConfigured: the server would listen to other machines.
    """
    if why := open_to_others(host):
        raise ImproperlyConfigured(why)


def refuse_unusable_provider(
    issuer: str, *, client_id: str, roles: Mapping[str, str], production: bool
) -> None:
    """Check the settings of single sign-on; an empty issuer means off.

    Raises:
        ImproperlyConfigured: nobody could sign in, or others could read the logins on their way.
    """
    if not issuer:
        return
    parts = urlsplit(issuer)
    if not client_id:
        raise ImproperlyConfigured(
            "FERMON_OIDC_ISSUER needs FERMON_OIDC_CLIENT_ID: Fermon's id at the provider."
        )
    if not roles:
        raise ImproperlyConfigured(
            "FERMON_OIDC_ISSUER needs FERMON_OIDC_ROLES: without a role, nobody gets anywhere."
            " Example: fermon-operators=operator,fermon-engineers=engineer"
        )
    if production and parts.scheme == "http" and not is_this_machine(parts.hostname or ""):
        raise insecure("FERMON_OIDC_ISSUER", "logins would travel without TLS. Use https://.")
