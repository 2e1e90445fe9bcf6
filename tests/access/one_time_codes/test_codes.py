"""Codes of an authenticator app and recovery codes: each counts once, guessing takes ever longer."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import segno
from django.contrib.auth.models import User
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from hypothesis import given
from hypothesis import strategies as st
from time_machine import TimeMachineFixture

from monitoring.access.one_time_codes import devices
from monitoring.access.one_time_codes.qr_codes import BORDER, qr_code


def code_of(key: str, steps: int = 0) -> str:
    """The app's code, so many steps of 30 s from now."""
    return f"{totp(bytes.fromhex(key), drift=steps):06d}"


@pytest.fixture
def user(db: None, time_machine: TimeMachineFixture) -> User:
    """Somebody; no step of 30 s ends between a code and its check."""
    time_machine.move_to(datetime.now(UTC), tick=False)
    return User.objects.create_user("anna")


@pytest.fixture
def key(user: User) -> str:
    """The secret of the user's app, set up with the code of the step before."""
    secret = devices.new_key()
    assert devices.confirm(user, secret, code_of(secret, -1)) is not None
    return secret


def test_an_app_is_set_up_by_one_of_its_codes(user: User) -> None:
    secret = devices.new_key()
    wrong = f"{(int(code_of(secret)) + 1) % 10**6:06d}"
    assert devices.confirm(user, secret, "") is None
    assert devices.confirm(user, secret, wrong) is None or wrong in (code_of(secret, 1), code_of(secret, -1))
    codes = devices.confirm(user, secret, f" {code_of(secret)[:3]} {code_of(secret)[3:]} ")
    assert codes is not None
    assert len(set(codes)) == devices.RECOVERY_CODES
    assert devices.has_device(user)


def test_a_code_counts_once(user: User) -> None:
    key = devices.new_key()
    first, code = code_of(key, -1), code_of(key)
    devices.confirm(user, key, first)
    assert not devices.verify(user, first)
    TOTPDevice.objects.update(throttling_failure_count=0)
    assert devices.verify(user, code)
    assert not devices.verify(user, code)


def test_a_recovery_code_counts_once_however_it_is_typed(user: User, key: str) -> None:
    codes = devices.new_recovery_codes(user)
    assert devices.verify(user, codes[0].upper().replace("-", " "))
    assert devices.recovery_codes_left(user) == devices.RECOVERY_CODES - 1
    assert not devices.verify(user, codes[0])
    StaticDevice.objects.update(throttling_failure_count=0)
    assert devices.verify(user, codes[1])


def test_the_database_has_digests_of_recovery_codes_alone(user: User) -> None:
    codes = devices.new_recovery_codes(user)
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert stored == {devices.stored(devices.compact(code)) for code in codes}
    assert not stored & {devices.compact(code) for code in codes}
    assert all(re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", code) for code in codes)


def test_wrong_codes_make_wait_ever_longer(user: User, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, waits = [timezone.now()], []
    monkeypatch.setattr(timezone, "now", lambda: clock[0])
    for _ in range(4):
        assert not devices.verify(user, "000000")
        assert not devices.verify(user, "000000")  # not even looked at
        waits.append(devices.wait_of(user))
        clock[0] += timedelta(seconds=waits[-1])
    assert waits == [1, 2, 4, 8]
    assert devices.wait_of(user) == 0


def test_removing_the_app_removes_the_recovery_codes(user: User, key: str) -> None:
    assert devices.remove(user) == 1
    assert devices.remove(user) == 0
    assert (devices.has_device(user), StaticToken.objects.exists()) == (False, False)


@given(st.text(max_size=40))
def test_any_text_is_one_kind_of_code(text: str) -> None:
    assert not devices.is_code(text) or re.fullmatch("[0-9]{6}", devices.compact(text), re.ASCII)
    assert len(devices.stored(devices.compact(text))) == devices.STORED_LENGTH


@given(st.text("0123456789abcdef", min_size=40, max_size=40))
def test_the_qr_code_has_the_secret_as_apps_take_it(key: str) -> None:
    address = devices.address_of_key(User(username="anna & otto"), key)
    assert f"secret={devices.shown_key(key).replace(' ', '')}" in address
    assert address.startswith("otpauth://totp/Fermon")
    drawn = qr_code(address)
    dark = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", drawn.path)}
    matrix = segno.make(address, error="m", micro=False).matrix
    assert drawn.side == len(matrix) + 2 * BORDER
    assert dark == {
        (x + BORDER, y + BORDER) for y, row in enumerate(matrix) for x, module in enumerate(row) if module
    }
