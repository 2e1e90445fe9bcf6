"""manage.py make_token"""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from monitoring.access.token_secrets import digest
from monitoring.models import Token

pytestmark = pytest.mark.django_db


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("make_token", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_the_secret_alone() -> None:
    secret = printed("gateway", "--prefix", "fermenter_", "--days", "90").strip()
    token = Token.objects.get(digest=digest(secret))
    assert (token.name, token.scope, token.prefix) == ("gateway", "ingest", "fermenter_")
    assert (token.expires_at - token.created_at).days in (89, 90)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--prefix", "a b"),
        ("--days", "99999999"),
        ("--days", "9" * 30),
        ("--days", "0"),
        ("--days=-3", "--scope=read"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        printed("gateway", *wrong)
    assert not Token.objects.exists()
