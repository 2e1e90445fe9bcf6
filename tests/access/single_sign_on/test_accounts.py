"""Accounts belong to issuer and subject; two first logins at once make one."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User

from monitoring.access.single_sign_on import accounts
from monitoring.models import ExternalIdentity

pytestmark = pytest.mark.django_db
ISSUER, OTHER = "https://login.plant.example", "https://login.other.example"


@pytest.fixture(autouse=True)
def with_provider(configured: Callable[..., None]) -> None:
    configured(ISSUER)


def sign_in(issuer: str = ISSUER, subject: str = "1", name: str = "anna", *roles: str) -> User:
    return accounts.account_for(issuer=issuer, subject=subject, name=name, roles=roles, address="")


def test_the_same_subject_of_another_issuer_is_somebody_else() -> None:
    anna = sign_in()
    assert sign_in() == anna
    assert sign_in(name="renamed") == anna
    assert accounts.account_of(OTHER, "1") is None
    assert sign_in(OTHER) != anna
    assert sign_in(subject="2") != anna


def test_names_differ_whatever_their_case_and_length() -> None:
    names = [sign_in(subject=str(number), name=name).username for number, name in enumerate(["a", "A", "a"])]
    assert names == ["a", "A@Plant-login", "a@Plant-login-2"]
    long = [sign_in(subject=f"long {number}", name="x" * 150).username for number in range(2)]
    assert [len(name) for name in long] == [150, 150]
    assert long[1].endswith("x@Plant-login")


def test_two_first_logins_at_once_make_one_account(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = sign_in()
    monkeypatch.setattr(
        accounts, "account_of", lambda issuer, subject: None
    )  # the other one was not there yet
    assert sign_in() == anna
    assert (User.objects.count(), ExternalIdentity.objects.count()) == (1, 1)


def test_two_first_logins_at_once_with_one_name_make_two_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = sign_in()
    names = iter(["anna", "anna@Plant-login"])  # the first login had not stored the name yet
    monkeypatch.setattr(accounts, "free_name", lambda name: next(names))
    other = sign_in(subject="2")
    assert (other.username, accounts.account_of(ISSUER, "2")) == ("anna@Plant-login", other)
    assert accounts.account_of(ISSUER, "1") == anna


def test_rights_and_a_password_by_hand_do_not_last() -> None:
    anna = sign_in(ISSUER, "1", "anna", "operator")
    anna.is_superuser = anna.is_staff = True
    anna.set_password("correct horse battery")
    anna.save()
    anna.user_permissions.set(Permission.objects.all()[:3])
    sign_in(ISSUER, "1", "anna", "operator")
    anna = User.objects.get()
    assert (anna.is_superuser, anna.is_staff, anna.has_usable_password()) == (False, False, False)
    assert (anna.user_permissions.count(), anna.groups.count()) == (0, 1)


def test_roles_that_do_not_exist_any_more_give_nothing() -> None:
    anna = sign_in(ISSUER, "1", "anna", "operator", "removed")
    assert [group.name for group in anna.groups.all()] == ["operator"]
