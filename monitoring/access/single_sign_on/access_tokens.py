"""Authenticate API calls by access tokens that the provider signed."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from rest_framework.exceptions import APIException, AuthenticationFailed

from monitoring.access.accountless_user import AccountlessUser
from monitoring.access.roles import grants
from monitoring.access.single_sign_on.accounts import account_of, free_name
from monitoring.access.single_sign_on.claims import find_claim, name_of, roles_of
from monitoring.access.single_sign_on.documents import ProviderAwayError
from monitoring.access.single_sign_on.options import is_configured, provider_name
from monitoring.access.single_sign_on.provider import provider
from monitoring.access.single_sign_on.signed_tokens import InvalidTokenError, refuse_other_kinds


class ProviderUnavailable(APIException):
    """No access token can be checked now (503)."""

    status_code = 503
    default_code = "provider_unavailable"
    wait = 30  # DRF sends this value as Retry-After


@dataclass(frozen=True, slots=True)
class ProviderToken:
    """A verified access token: its subject, and the roles that its groups stand for."""

    issuer: str
    subject: str
    name: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class ProviderUser(AccountlessUser):
    """The user of a request with an access token: no account, so pages and admin deny access."""

    token: ProviderToken

    def __str__(self) -> str:
        return self.token.name

    def get_username(self) -> str:
        """Return the subject's name."""
        return self.token.name

    def has_perm(self, permission: str, obj: object = None) -> bool:
        """Return whether one of the roles grants the permission."""
        return any(grants(role, [permission]) for role in self.token.roles)


def is_access_token(key: str) -> bool:
    """Return whether a key has the form of a signed token, and single sign-on is configured."""
    return key.count(".") == 2 and is_configured()


def user_of(key: str) -> tuple[ProviderUser, ProviderToken]:
    """Return the user and the verified token.

    Raises:
        AuthenticationFailed: a check failed, or the subject's account in Fermon is closed.
        ProviderUnavailable: the provider's keys can't be read.
        django.db.Error: the database is away.
    """
    try:
        claims = provider().claims_of(key, audience=settings.FERMON_OIDC_AUDIENCE)
        refuse_other_kinds(claims)
    except InvalidTokenError as error:
        raise AuthenticationFailed(f"Invalid access token of {provider_name()}: {error}.") from error
    except ProviderAwayError as error:
        raise ProviderUnavailable(f"{provider_name()} can't be reached to check the token.") from error
    account = account_of(claims["iss"], claims["sub"])
    if account is not None and not account.is_active:
        raise AuthenticationFailed("The account of this access token is closed in Fermon.")
    groups = find_claim(claims, settings.FERMON_OIDC_CLAIM)
    roles = roles_of(groups, settings.FERMON_OIDC_ROLES)
    name = account.get_username() if account else name_without_account(name_of(claims))
    token = ProviderToken(claims["iss"], claims["sub"], name, roles)
    return ProviderUser(token), token


def name_without_account(name: str) -> str:
    """Return the name to record; not that of an account, which belongs to somebody else."""
    return free_name(name) if User.objects.filter(username__iexact=name).exists() else name
