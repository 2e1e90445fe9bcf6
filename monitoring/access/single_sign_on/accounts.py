"""Accounts of people with a login at the provider, found by issuer and subject; roles by their groups."""

from collections.abc import Iterable, Iterator
from itertools import count

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction

from monitoring.access.audit_trail import recorded_as
from monitoring.access.single_sign_on.claims import LONGEST_NAME
from monitoring.access.single_sign_on.options import is_configured, provider_name
from monitoring.models import ExternalIdentity


def account_of(issuer: str, subject: str) -> User | None:
    """Return the account of a subject; None if there is none.

    Names and e-mail addresses count for nothing: at the provider, others may be able to choose them.
    """
    found = ExternalIdentity.objects.filter(issuer=issuer, subject=subject).select_related("user").first()
    return found.user if found else None


def belongs_to_provider(user: User) -> bool:
    """Return whether the account signs in at the provider, and there alone."""
    return is_configured() and ExternalIdentity.objects.filter(user=user).exists()


def account_for(*, issuer: str, subject: str, name: str, roles: Iterable[str], address: str) -> User:
    """Return the account of a subject with exactly these roles; make the account at the first login.

    Rights and a password that somebody gave the account by hand are removed: nothing may outlast the groups
    at the provider. The audit trail records changes as those of the provider.
    """
    author = f"single sign-on ({provider_name()})"
    with recorded_as(author, address=address), transaction.atomic():
        user = account_of(issuer, subject) or make_account(issuer, subject, name)
        wanted = Group.objects.filter(name__in=set(roles))
        if set(user.groups.values_list("pk", flat=True)) != set(wanted.values_list("pk", flat=True)):
            user.groups.set(wanted)
        remove_rights_by_hand(user)
    return user


def remove_rights_by_hand(user: User) -> None:
    """Leave the account no permissions but those of its roles, and no password."""
    if user.user_permissions.exists():
        user.user_permissions.clear()
    if user.is_superuser or user.is_staff or user.has_usable_password():
        user.is_superuser = user.is_staff = False
        user.set_unusable_password()
        user.save(update_fields=["is_superuser", "is_staff", "password"])


def make_account(issuer: str, subject: str, name: str) -> User:
    """Make the account of a subject, without a password; return that of another request that was faster.

    Raises:
        django.db.IntegrityError: other requests took the name twice meanwhile.
    """
    try:
        return make_account_named(free_name(name), issuer, subject)
    except IntegrityError:
        found = ExternalIdentity.objects.select_related("user").filter(issuer=issuer, subject=subject).first()
        return found.user if found else make_account_named(free_name(name), issuer, subject)


def make_account_named(name: str, issuer: str, subject: str) -> User:
    """Make the account of a subject, without a password.

    Raises:
        django.db.IntegrityError: the name or the subject has an account.
    """
    with transaction.atomic():
        user = User.objects.create_user(name)
        ExternalIdentity.objects.create(user=user, issuer=issuer, subject=subject)
    return user


def free_name(name: str) -> str:
    """Return the name, or the name with the provider's and, if need be, a number, that no account has."""
    for candidate in candidates(name):
        if not User.objects.filter(username__iexact=candidate).exists():
            return candidate
    raise AssertionError("the numbers have no end")


def candidates(name: str) -> Iterator[str]:
    """Yield user names for a subject, best first."""
    yield name
    suffix = "@" + "".join(sign if sign.isalnum() or sign in ".-" else "-" for sign in provider_name())
    for number in count(1):
        end = suffix[: LONGEST_NAME // 2] + (f"-{number}" if number > 1 else "")
        yield name[: LONGEST_NAME - len(end)] + end
