"""One-time codes of an authenticator app (TOTP, RFC 6238), and recovery codes for a lost one."""

import base64
import hashlib
import secrets
from math import ceil

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from monitoring.access.roles import CONFIGURE, allows

OFF, OPTIONAL, REQUIRED = "off", "optional", "required"
KEY_BYTES = 20  # RFC 4226, R6
DIGITS = 6
TOLERANCE = 1  # steps of 30 s before and after the present one
RECOVERY_CODES = 8
CODE_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # without l, o, 0 and 1: 32 letters, 5 bits each
CODE_LENGTH, GROUP_LENGTH = 16, 4
STORED_LENGTH = 16  # of the column
APP_NAME = "authenticator app"


def are_on() -> bool:
    """Return whether one-time codes exist here at all."""
    return bool(settings.FERMON_TOTP != OFF)


def has_device(user: User) -> bool:
    """Return whether the user has confirmed an authenticator app."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def must_have_device(user: User) -> bool:
    """Return whether the user needs one: to change settings or enter the admin, where codes are required."""
    return settings.FERMON_TOTP == REQUIRED and (user.is_staff or allows(user, CONFIGURE))


def needs_code(user: User) -> bool:
    """Return whether a password alone is not enough for the user."""
    return are_on() and (has_device(user) or must_have_device(user))


def new_key() -> str:
    """Return a new secret in hex, as django-otp stores it."""
    return secrets.token_hex(KEY_BYTES)


def shown_key(key: str) -> str:
    """Return a secret as apps take it by hand: base32, in groups of four."""
    text = base64.b32encode(bytes.fromhex(key)).decode()
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def address_of_key(user: User, key: str) -> str:
    """Return the ``otpauth:`` address of a secret, which the QR code holds."""
    return str(TOTPDevice(user=user, key=key).config_url)


def confirm(user: User, key: str, code: str) -> list[str] | None:
    """Store the secret as the user's device if the code is right; return recovery codes, None if wrong.

    The code can't be used again. A device that the user had before is replaced.
    """
    totp = TOTP(bytes.fromhex(key))
    if not is_code(code) or not totp.verify(int(compact(code)), TOLERANCE):
        return None
    with transaction.atomic():
        remove(user)
        TOTPDevice.objects.create(
            user=user,
            name=APP_NAME,
            key=key,
            drift=totp.drift,
            last_t=totp.t(),
            tolerance=TOLERANCE,
        )
        return new_recovery_codes(user)


def new_recovery_codes(user: User) -> list[str]:
    """Replace the user's recovery codes; return the new ones, of which only digests are stored."""
    codes = ["".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)) for _ in range(RECOVERY_CODES)]
    with transaction.atomic():
        StaticDevice.objects.filter(user=user).delete()
        device = StaticDevice.objects.create(user=user, name="recovery codes")
        for code in codes:
            device.token_set.create(token=stored(code))
    return [grouped(code) for code in codes]


def recovery_codes_left(user: User) -> int:
    """Return how many recovery codes the user has not used."""
    device = StaticDevice.objects.filter(user=user).first()
    return device.token_set.count() if device else 0


def verify(user: User, text: str) -> bool:
    """Return whether the text is a code of the user's app, or an unused recovery code. Each works once.

    django-otp makes the user wait after wrong ones: 1 s, 2 s, 4 s and so on.
    """
    model, code = (TOTPDevice, compact(text)) if is_code(text) else (StaticDevice, stored(compact(text)))
    with transaction.atomic():
        device = model.objects.select_for_update().filter(user=user, confirmed=True).first()
        return device is not None and bool(device.verify_token(code))


def wait_of(user: User) -> int:
    """Return the seconds until the next code of the user can be checked; 0 if now."""
    waits = [0.0]
    for model in (TOTPDevice, StaticDevice):
        for device in model.objects.filter(user=user):
            allowed, why = device.verify_is_allowed()
            if not allowed:
                waits.append((why["locked_until"] - timezone.now()).total_seconds())
    return ceil(max(waits))


def remove(user: User) -> int:
    """Remove the device and the recovery codes of the user; return how many devices there were."""
    with transaction.atomic():
        StaticDevice.objects.filter(user=user).delete()
        devices = list(TOTPDevice.objects.filter(user=user))
        for device in devices:  # one by one, for the audit trail
            device.delete()
    return len(devices)


def compact(text: str) -> str:
    """Return a code as typed, without spaces and hyphens, in small letters."""
    return "".join(sign for sign in text.lower() if not sign.isspace() and sign != "-")


def is_code(text: str) -> bool:
    """Return whether the text has the form of a code of an app: six digits. Recovery codes are longer."""
    code = compact(text)
    return len(code) == DIGITS and code.isascii() and code.isdecimal()


def grouped(code: str) -> str:
    """Return a recovery code in groups, as it is shown."""
    return "-".join(code[place : place + GROUP_LENGTH] for place in range(0, len(code), GROUP_LENGTH))


def stored(code: str) -> str:
    """Return the digest of a recovery code: 80 random bits need no slow hash."""
    digest = hashlib.sha256(code.encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(digest).decode()[:STORED_LENGTH]
