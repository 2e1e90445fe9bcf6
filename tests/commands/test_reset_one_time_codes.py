"""``manage.py reset_one_time_codes``: helps a person who has lost the app."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from monitoring.access.one_time_codes import devices
from tests.access.one_time_codes.test_codes import code_of

pytestmark = pytest.mark.django_db


def test_the_app_of_a_person_is_removed(capsys) -> None:
    user, key = User.objects.create_user("anna"), devices.new_key()
    devices.confirm(user, key, code_of(key))
    assert devices.has_device(user)
    call_command("reset_one_time_codes", "anna")
    assert "of anna: removed" in capsys.readouterr().out
    assert not devices.has_device(user)


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(CommandError, match="No user is named 'nobody'"):
        call_command("reset_one_time_codes", "nobody")
